using System.Globalization;

using MoeActors.Bench.Gates;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>Gates beside each other: a preset is trained with each under the same seeds, in turn; validation loss, speed, load, drops.</summary>
internal sealed class GatesCase : IBenchCase
{
    public string Name => CaseNames.Gates;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        GatesOptions options = context.Gates;
        IReadOnlyList<string> gates = options.Chosen;
        int experts = await PresetFacts.ExpertsAsync(context, options.Preset, options.Settings, cancel);
        var outcomes = gates.ToDictionary(g => g, _ => new List<GateOutcome>());

        // Seeds outside, so that the machine's drift meets all gates alike.
        foreach (int seed in options.Seeds)
        {
            foreach (string gate in gates)
            {
                GateOutcome outcome = await TrainAsync(context, gate, seed, experts, cancel);
                outcomes[gate].Add(outcome);
                context.Say(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{gate}, seed {seed}: validation loss {outcome.ValidationLoss:0.0000}, {outcome.TokensPerSecond:0} tokens/s, {outcome.PerToken:0.00} experts a token, max/mean {outcome.MaxOverMean:0.00}, dropped {100 * outcome.Dropped:0.0} %"));
            }
        }

        List<GateOutcome> first = outcomes[gates[0]];
        return [.. gates.SelectMany(g => Rows(g, outcomes[g], gates.Count > 1 && g != gates[0] ? (gates[0], first) : null))];
    }

    private static IEnumerable<BenchRow> Rows(string gate, List<GateOutcome> outcomes, (string Gate, List<GateOutcome> Outcomes)? baseline)
    {
        BenchRow Row(string metric, string unit, Func<GateOutcome, double> value, bool compared) => BenchRow.Of(
            $"gates {gate}", metric, unit, [.. outcomes.Select(value)], compared && baseline is { } other ? Statistics.Median([.. other.Outcomes.Select(value)]) : null,
            compared && baseline is { } named ? $"baseline: {named.Gate}" : null);

        yield return Row("validation loss", "nats", o => o.ValidationLoss, true);
        yield return Row("speed", "tokens/s", o => o.TokensPerSecond, true);
        yield return Row("experts of a token", "experts", o => o.PerToken, false);
        yield return Row("load, max over mean", "ratio", o => o.MaxOverMean, false);
        yield return Row("dropped", "%", o => 100 * o.Dropped, false);
    }

    private static async Task<GateOutcome> TrainAsync(BenchContext context, string gate, int seed, int experts, CancellationToken cancel)
    {
        GatesOptions options = context.Gates;
        string[] data = options.Data is { } file ? ["--data", file] : [];
        using TrainingRun training = TrainingRun.Start(
            context, ["--preset", options.Preset, "--steps", Number(options.Steps), "--seed", Number(seed), .. data, .. options.SettingsOf(gate).SelectMany(s => (string[])["--set", s])]);
        await training.EndAsync(cancel);
        return GateOutcome.Read(training.Folder, experts);
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
