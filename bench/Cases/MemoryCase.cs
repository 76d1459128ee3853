using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>
/// Resident memory of node processes over 500 steps of the preset tiny, checkpoints included: its slope with the error of the slope; and the live tensors of the
/// plain engine after each of 500 steps.
/// </summary>
internal sealed class MemoryCase : IBenchCase
{
    private const int Warm = 1000, Steps = 500, Blocks = 10;

    public string Name => CaseNames.Memory;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        using TrainingRun run = TrainingRun.Start(context, "--preset", "tiny", "--steps", $"{Warm + Steps + 20}");
        var samples = new Dictionary<int, List<(double Step, double KiB)>>();
        await run.UntilAsync(d => d.Count >= Warm, TimeSpan.FromMilliseconds(50), cancel);
        foreach (int node in run.Nodes)
        {
            samples.Add(node, []);
        }

        await run.UntilAsync(
            d =>
            {
                foreach ((int node, List<(double Step, double KiB)> points) in samples)
                {
                    points.Add((d.Count, ProcessTimes.ResidentKiB(node)));
                }

                return d.Count >= Warm + Steps;
            },
            TimeSpan.FromMilliseconds(50), cancel);
        run.Kill();
        (double Slope, double Error)[] slopes = [.. samples.Values.Select(p => Statistics.Slope(p, Blocks))];
        using Child child = Child.StartWorker("tensors", Path.Combine(run.Folder, "run.json"), $"{Steps}");
        double[] tensors = [.. (await child.LinesAsync(cancel)).Skip(5).Select(double.Parse)];
        return
        [
            BenchRow.Of("memory", "resident memory of a node", "MiB", [.. samples.Values.Select(p => p[^1].KiB / 1024)]),
            BenchRow.Of("memory", "slope over 500 steps", "KiB/step", [.. slopes.Select(s => s.Slope)], null, "a value for each node"),
            BenchRow.Of("memory", "standard error of the slope", "KiB/step", [.. slopes.Select(s => s.Error)]),
            BenchRow.Of("memory", "live tensors after a step", "count", tensors, null, "the plain engine: minimum and maximum over 495 steps"),
        ];
    }
}
