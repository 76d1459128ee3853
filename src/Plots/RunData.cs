using System.Text.Json;

namespace MoeActors.Plots;

/// <summary>A step as the picture shows it.</summary>
/// <param name="Number">Step.</param>
/// <param name="Loss">Training loss; NaN where it was not finite.</param>
/// <param name="Validation">Validation loss, where evaluated.</param>
/// <param name="TokensPerSecond">Tokens over the step's time.</param>
internal sealed record StepPoint(double Number, double Loss, double? Validation, double TokensPerSecond);

/// <summary>A fault as the picture shows it.</summary>
/// <param name="Step">Step in progress.</param>
/// <param name="Label">Kind, and the phase it hit.</param>
internal sealed record FaultMark(double Step, string Label);

/// <summary>What the picture needs of a report. Reads the schema by name, so it also reads reports of later versions, which only add.</summary>
/// <param name="Title">Preset and run.</param>
/// <param name="Subtitle">Nodes, steps, losses, speed.</param>
/// <param name="Steps">Steps, ascending.</param>
/// <param name="Checkpoints">Steps of checkpoints.</param>
/// <param name="Faults">Faults.</param>
internal sealed record RunData(string Title, string Subtitle, IReadOnlyList<StepPoint> Steps, IReadOnlyList<double> Checkpoints, IReadOnlyList<FaultMark> Faults)
{
    /// <summary>Reads the report of <paramref name="path"/>; throws when it is no report or has no steps to draw.</summary>
    public static RunData Read(string path, JsonElement root)
    {
        StepPoint[] steps = [.. Items(root, "steps").Select(Step)];
        if (steps.Count(s => double.IsFinite(s.Loss)) < 2)
        {
            throw new InvalidDataException($"{path}: fewer than two steps with a finite loss; there is nothing to draw yet");
        }

        return new(
            TitleOf(root),
            SubtitleOf(root),
            steps,
            [.. Items(root, "checkpoints").Select(c => Number(c, "step") ?? 0)],
            [.. Items(root, "faults").Select(f => new FaultMark(Number(f, "atStep") ?? 0, Label(f)))]);
    }

    private static StepPoint Step(JsonElement step)
    {
        double ms = Number(step, "ms") ?? 0, tokens = Number(step, "tokens") ?? 0;
        return new(Number(step, "step") ?? 0, Number(step, "loss") ?? double.NaN, Number(step, "validationLoss"), ms > 0 ? tokens / ms * 1000 : double.NaN);
    }

    private static string Label(JsonElement fault) => Text(fault, "phase") is { Length: > 0 } phase ? $"{Text(fault, "kind")} · {phase}" : Text(fault, "kind");

    private static string TitleOf(JsonElement root) =>
        root.TryGetProperty("run", out JsonElement run) ? $"{Text(run, "preset")} · run {Text(run, "id")}" : "run";

    private static string SubtitleOf(JsonElement root)
    {
        if (!root.TryGetProperty("totals", out JsonElement totals) || !root.TryGetProperty("run", out JsonElement run))
        {
            return "";
        }

        int faults = Items(root, "faults").Count();
        string validation = Number(totals, "validationLoss") is { } v ? $", validation {v:0.000}" : "";
        string survived = faults switch { 0 => "", 1 => " · 1 fault", _ => $" · {faults} faults" };
        return $"{Number(run, "nodes"):0} nodes, {Number(run, "ranks"):0} logical ranks · {Number(totals, "steps"):#,0} steps · loss {Number(totals, "finalLoss"):0.000}{validation}"
            + $" · {Number(totals, "tokensPerSecond"):#,0} tokens/s · ETTR {Number(totals, "ettr") * 100:0.0} %{survived}";
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static double? Number(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
