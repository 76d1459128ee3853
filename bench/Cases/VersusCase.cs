using MoeActors.Bench.Processes;
using MoeActors.Bench.Recovery;
using MoeActors.Bench.Report;
using MoeActors.Bench.Versus;

namespace MoeActors.Bench.Cases;

/// <summary>
/// This build beside another one, in turn, whoever goes first alternating: the wall and processor time of a training step on two node processes, and the time from kill -9 of a node to the next step.
/// The baseline of each row is the other build.
/// </summary>
internal sealed class VersusCase : IBenchCase
{
    // The compiler optimizes what has run often meanwhile: a build with more code that is new to it would look slower than it is, for as long as that lasts (measured on the preset small: at work over steps 20 to 80, at rest from step 150).
    private const int Warm = 130, Pairings = 15, KillsInTurn = 5;

    public string Name => CaseNames.Versus;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        VersusOptions options = context.Versus;
        Side ours = new(context, "this build"), theirs = new(context with { Host = options.Program }, "the other build");
        List<BenchRow> rows = [.. await StepsAsync(ours, theirs, options, context.Runs ?? Pairings, context.Say, cancel)];
        if (options.Kills > 0)
        {
            rows.AddRange(await KillsAsync(ours, theirs, options.Kills, context.Say, cancel));
        }

        return rows;
    }

    private static async Task<IReadOnlyList<BenchRow>> StepsAsync(Side ours, Side theirs, VersusOptions options, int pairs, Action<string> say, CancellationToken cancel)
    {
        for (int pair = 0; pair < pairs; pair++)
        {
            foreach (Side side in InTurn(ours, theirs, pair))
            {
                using TrainingRun run = TrainingRun.Start(side.Context, ["--preset", options.Preset, "--nodes", "2", "--steps", "1000000", "--set", "checkpoint.interval=0", "--set", "evaluation.interval=0"]);
                await run.UntilAsync(d => d.Count >= Warm, TimeSpan.FromMilliseconds(10), cancel);
                IReadOnlyList<int> nodes = run.Nodes;
                double before = nodes.Sum(ProcessTimes.CpuMs);
                int from = run.Steps().Count;
                IReadOnlyList<StepDone> done = await run.UntilAsync(d => d.Count >= from + options.Steps, TimeSpan.FromMilliseconds(10), cancel);
                side.Cpu.Add((nodes.Sum(ProcessTimes.CpuMs) - before) / (done.Count - from));
                side.Step.Add(Statistics.Median(done.Skip(from).Select(s => s.Ms)));
                run.Kill();
            }

            say($"versus: pair {pair + 1} of {pairs}: step {ours.Step[^1]:0.0} ms and {theirs.Step[^1]:0.0} ms, processor {ours.Cpu[^1]:0.0} ms and {theirs.Cpu[^1]:0.0} ms");
        }

        return
        [
            Row($"versus, {options.Preset}", "a step", ours.Step, theirs.Step, Pairs.Ratio(ours.Step, theirs.Step)),
            Row($"versus, {options.Preset}", "processor time of a step", ours.Cpu, theirs.Cpu, Pairs.Ratio(ours.Cpu, theirs.Cpu)),
        ];
    }

    private static async Task<IReadOnlyList<BenchRow>> KillsAsync(Side ours, Side theirs, int kills, Action<string> say, CancellationToken cancel)
    {
        for (int turn = 0; turn * KillsInTurn < kills; turn++)
        {
            foreach (Side side in InTurn(ours, theirs, turn))
            {
                using FailingRun run = FailingRun.Start(side.Context, 0);
                for (int kill = 0; kill < Math.Min(KillsInTurn, kills - (turn * KillsInTurn)); kill++)
                {
                    await run.SteadyAsync(cancel);
                    side.Recovery.Add((await run.HitAsync(Failure.Kill, cancel)).NextStepMs);
                    say($"versus: kill {side.Recovery.Count} of {kills} in {side.Name}: next step after {side.Recovery[^1]:0} ms");
                }
            }
        }

        return [Row("versus, kill -9 of a node", "to the next step", ours.Recovery, theirs.Recovery, Pairs.MedianRatio(ours.Recovery, theirs.Recovery))];
    }

    private static BenchRow Row(string name, string metric, List<double> ours, List<double> theirs, (double Ratio, double Low, double High) r) =>
        BenchRow.Of(name, metric, "ms", ours, Statistics.Median(theirs), $"ratio {r.Ratio:0.000}, 95 % of it between {r.Low:0.000} and {r.High:0.000}{(r.Low <= 1 && r.High >= 1 ? ": no difference resolved" : "")}");

    private static Side[] InTurn(Side ours, Side theirs, int turn) => turn % 2 == 0 ? [ours, theirs] : [theirs, ours];

    /// <summary>One build, and what was measured of it.</summary>
    private sealed record Side(BenchContext Context, string Name)
    {
        public List<double> Step { get; } = [];

        public List<double> Cpu { get; } = [];

        public List<double> Recovery { get; } = [];
    }
}
