using System.Text.Json;

namespace MoeActors.Bench.Gates;

/// <summary>What a finished run says of its gate.</summary>
/// <param name="ValidationLoss">Over the whole validation part, nats a token.</param>
/// <param name="TokensPerSecond">While stepping.</param>
/// <param name="MaxOverMean">Load of the most chosen expert over the mean, over the last steps, of the least even layer.</param>
/// <param name="PerToken">Experts of a token, in the mean over layers and the last steps.</param>
/// <param name="Dropped">Share of the choices that capacity took away.</param>
internal sealed record GateOutcome(double ValidationLoss, double TokensPerSecond, double MaxOverMean, double PerToken, double Dropped)
{
    private const int Last = 100;

    /// <summary>Reads report.json and steps.jsonl of a run's folder; throws <see cref="BenchException"/> where it was not completed.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="experts">Experts of a layer; targets after them are nobody's load.</param>
    public static GateOutcome Read(string folder, int experts)
    {
        string report = Path.Combine(folder, "report.json");
        if (!File.Exists(report))
        {
            throw new BenchException($"{report}: the run ended without it");
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement totals = document.RootElement.GetProperty("totals");
        string outcome = totals.GetProperty("outcome").GetString() ?? "";
        if (outcome != "completed")
        {
            throw new BenchException($"a run ended as {outcome}, not completed");
        }

        (double uneven, double perToken, double dropped) = Load(document.RootElement.GetProperty("steps"), experts);
        return new GateOutcome(totals.GetProperty("validationLoss").GetDouble(), totals.GetProperty("tokensPerSecond").GetDouble(), uneven, perToken, dropped);
    }

    private static (double MaxOverMean, double PerToken, double Dropped) Load(JsonElement steps, int experts)
    {
        JsonElement[] all = [.. steps.EnumerateArray()], last = all[^Math.Min(Last, all.Length)..];
        int layers = last[0].GetProperty("load").GetArrayLength();
        long[][] load = [.. Enumerable.Range(0, layers).Select(_ => new long[experts])];
        foreach (JsonElement step in last)
        {
            for (int m = 0; m < layers; m++)
            {
                for (int e = 0; e < experts; e++)
                {
                    load[m][e] += step.GetProperty("load")[m][e].GetInt64();
                }
            }
        }

        long tokens = last.Sum(s => s.GetProperty("tokens").GetInt64());
        long choices = all.Sum(s => s.GetProperty("load").EnumerateArray().Sum(l => l.EnumerateArray().Take(experts).Sum(n => n.GetInt64())));
        return (load.Max(l => l.Max() * (double)experts / l.Sum()), load.Sum(l => l.Sum()) / ((double)tokens * layers), all.Sum(s => s.GetProperty("dropped").GetInt64()) / (double)choices);
    }
}
