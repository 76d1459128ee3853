using System.Diagnostics;
using System.Globalization;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Quality;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What the experts' lost tokens cost a model: a preset is trained without faults under several seeds, and with a real kill -9 of a node every so many steps under the first of them, for several K,
/// with and without snapshots in memory. Validation losses beside each other.
/// </summary>
internal sealed class QualityCase : IBenchCase
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public string Name => CaseNames.PltQuality;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        QualityOptions options = context.Quality;
        options.Validate();
        int experts = await PresetFacts.ExpertsAsync(context, options.Preset, options.Settings, cancel);
        var rows = new List<BenchRow>();
        var undisturbed = new List<double>();
        foreach (int seed in options.Seeds)
        {
            QualityOutcome outcome = await TrainAsync(context, seed, [], 0, cancel);
            undisturbed.Add(outcome.ValidationLoss);
            context.Say(Line($"undisturbed, seed {seed}", outcome, null, 0));
        }

        double? mean = undisturbed.Count > 0 ? undisturbed.Average() : null;
        if (mean is not null)
        {
            rows.Add(BenchRow.Of("plt-quality undisturbed", "validation loss", "nats", undisturbed, null, $"seeds {string.Join(", ", options.Seeds)}; mean {Text(mean.Value)}"));
        }

        foreach (QualityRun run in options.Disturbed)
        {
            QualityOutcome outcome = await TrainAsync(context, options.Seeds.Count > 0 ? options.Seeds[0] : 1, run.Settings(experts), options.Faults, cancel);
            context.Say(Line(run.Name, outcome, mean, options.Faults));

            // A node that was slow and taken for dead is a fault that nobody injected: the figure would not be that of the faults asked for.
            string faults = $"{outcome.Faults} faults, {options.Faults} of them injected";
            rows.Add(BenchRow.Of($"plt-quality {run.Name}", "validation loss", "nats", [outcome.ValidationLoss], mean, $"baseline: undisturbed mean; {faults}"));
            rows.Add(BenchRow.Of($"plt-quality {run.Name}", "PLT", "%", [outcome.Plt * 100], null, $"{outcome.LostSteps} steps computed again"));
        }

        return rows;
    }

    /// <summary>One run to its end. <paramref name="faults"/> nodes are killed on the way.</summary>
    private static async Task<QualityOutcome> TrainAsync(BenchContext context, int seed, IReadOnlyList<string> own, int faults, CancellationToken cancel)
    {
        QualityOptions options = context.Quality;
        string[] settings = [.. options.Settings, $"checkpoint.interval={options.Interval}", .. own];
        string[] data = options.Data is { } file ? ["--data", file] : [];
        using TrainingRun training = TrainingRun.Start(
            context, ["--preset", options.Preset, "--steps", Number(options.Steps), "--seed", Number(seed), .. data, .. settings.SelectMany(s => (string[])["--set", s])]);

        // The same victims in every run, by the age of their processes.
        var random = new Random(seed);
        for (int fault = 1; fault <= faults; fault++)
        {
            int at = fault * options.FaultEvery;
            await training.UntilAsync(d => d.Count > 0 && d[^1].Step >= at, Poll, cancel);
            IReadOnlyList<int> nodes = [.. training.Nodes.Order()];
            using (Process node = Process.GetProcessById(nodes[random.Next(nodes.Count)]))
            {
                node.Kill();
            }
        }

        await training.EndAsync(cancel);
        return QualityOutcome.Read(Path.Combine(training.Folder, "report.json"));
    }

    private static string Line(string name, QualityOutcome outcome, double? mean, int killed) =>
        $"{name}: validation loss {Text(outcome.ValidationLoss)}{(mean is { } m ? $" ({(outcome.ValidationLoss / m) - 1:+0.00%;-0.00%} of the undisturbed mean)" : "")}, PLT {outcome.Plt * 100:0.00} %, "
        + $"{outcome.Faults} faults ({killed} injected), {outcome.LostSteps} steps again, {outcome.Minutes:0.0} min";

    private static string Text(double loss) => loss.ToString("0.0000", CultureInfo.InvariantCulture);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
