using System.Diagnostics;
using MoeActors.Bench.Processes;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What a failure costs in time, on one machine, preset tiny on three nodes: kill -9 of a random node at a random step, again and again in one run; a node that is stopped (SIGSTOP); a crash of one expert shard; and beside them today's
/// usual answer, killing the whole job and starting it again from its newest checkpoint. A clock outside says when it happened and when the next step was done; the run's own record says the phases between.
/// </summary>
internal sealed class RecoveryCase : IBenchCase
{
    private const int Nodes = 3;
    private readonly Random random = new(1);

    public string Name => "recovery";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        int kills = context.Runs ?? 20, others = Math.Max(3, kills / 10);
        using TrainingRun run = TrainingRun.Start(context, "--preset", "tiny", "--nodes", $"{Nodes}", "--steps", "1000000", "--set", "supervision.restart-budget=1000000", "--set", "faults.enabled=on");
        var rows = new List<BenchRow>();
        rows.AddRange(await FailuresAsync(run, "kill -9 of a node", kills, _ => KillOne(run), true, context, cancel));
        rows.AddRange(await FailuresAsync(run, "SIGSTOP of a node", others, _ => StopOne(run), true, context, cancel));
        rows.AddRange(await FailuresAsync(run, "crash of an expert shard", others, c => CrashShardAsync(run, context, c), false, context, cancel));
        rows.Add(await RestartAsync(run, others, context, cancel));
        return rows;
    }

    /// <summary>
    /// Lets <paramref name="fail"/> strike a running run: what a clock outside sees, and the run's own record of it. Not <paramref name="instant"/>: a command brings the fault, which takes longer than what follows; then its record alone counts.
    /// </summary>
    private async Task<IReadOnlyList<BenchRow>> FailuresAsync(
        TrainingRun run, string name, int rounds, Func<CancellationToken, Task<Action>> fail, bool instant, BenchContext context, CancellationToken cancel)
    {
        var steps = new List<double>();
        var detected = new List<double>();
        var ready = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            await RunningAsync(run, random.Next(5, 25), cancel);
            int faults = run.Faults().Count, epoch = (await run.UntilAsync(d => d.Count > 0, TimeSpan.Zero, cancel))[^1].Epoch;
            DateTimeOffset at = TimeProvider.System.GetUtcNow();
            long begun = Stopwatch.GetTimestamp();
            Action after = await fail(cancel);
            await run.UntilAsync(d => d[^1].Epoch > epoch, TimeSpan.FromMilliseconds(2), cancel);
            double outside = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            after();
            FaultDone fault = run.Faults()[faults];
            double late = instant ? (fault.At - at).TotalMilliseconds : 0;
            detected.Add(Math.Max(0, late + (fault.DetectedMs ?? 0)));
            ready.Add(late + (fault.RejoinedMs ?? 0));
            steps.Add(instant ? outside : fault.FirstStepMs!.Value);
            context.Say($"recovery: {name} {round + 1} of {rounds} ({fault.Kind}): detected after {detected[^1]:0} ms, next step after {steps[^1]:0} ms");
        }

        return
        [
            .. instant ? (BenchRow[])[BenchRow.Of($"recovery, {name}", "to its detection", "ms", detected, null, $"99th percentile {Percentile(detected, 0.99):0} ms")] : [],
            BenchRow.Of($"recovery, {name}", "until all nodes are ready", "ms", ready),
            BenchRow.Of(
                $"recovery, {name}", "to the next step", "ms", steps, null,
                $"99th percentile {Percentile(steps, 0.99):0} ms; {(instant ? "seen from outside, the start of a process in it where there is one" : "by the run's record")}"),
        ];
    }

    /// <summary>The usual answer: the whole job is killed and started again from its newest checkpoint; to the first step beyond the one it was killed at.</summary>
    private async Task<BenchRow> RestartAsync(TrainingRun first, int rounds, BenchContext context, CancellationToken cancel)
    {
        var outside = new List<double>();
        TrainingRun run = first;
        for (int round = 0; round < rounds; round++)
        {
            await RunningAsync(run, random.Next(5, 25), cancel);
            long step = (await run.UntilAsync(d => d.Count > 0, TimeSpan.Zero, cancel)).Max(d => d.Step);
            int lines = (await run.UntilAsync(d => d.Count > 0, TimeSpan.Zero, cancel)).Count;
            long begun = Stopwatch.GetTimestamp();
            run.Kill();
            TrainingRun next = run.Resume(context);
            await next.UntilAsync(d => d.Count > lines && d[^1].Step > step, TimeSpan.FromMilliseconds(2), cancel);
            outside.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            context.Say($"recovery: whole job {round + 1} of {rounds}: next new step after {outside[^1]:0} ms");
            run = next;
        }

        if (run != first)
        {
            run.Kill();
        }

        return BenchRow.Of("recovery, whole job restarted", "to the next new step", "ms", outside, null, "all processes killed and `moe resume`: the steps since the newest checkpoint are computed again");
    }

    /// <summary>All nodes are there and <paramref name="more"/> more steps are done.</summary>
    private static async Task RunningAsync(TrainingRun run, int more, CancellationToken cancel)
    {
        await run.UntilAsync(_ => run.Nodes.Count == Nodes, TimeSpan.FromMilliseconds(20), cancel);
        int have = (await run.UntilAsync(d => d.Count > 0, TimeSpan.FromMilliseconds(5), cancel)).Count;
        await run.UntilAsync(d => d.Count >= have + more, TimeSpan.FromMilliseconds(5), cancel);
    }

    private Task<Action> KillOne(TrainingRun run)
    {
        using Process node = Process.GetProcessById(run.Nodes[random.Next(Nodes)]);
        node.Kill();
        return Task.FromResult<Action>(() => { });
    }

    // Once it is out it wakes, finds itself removed and ends; another takes its place.
    private Task<Action> StopOne(TrainingRun run)
    {
        int pid = run.Nodes[random.Next(Nodes)];
        Signals.Send(pid, Signals.Stop);
        return Task.FromResult<Action>(() => Signals.Send(pid, Signals.Continue));
    }

    private async Task<Action> CrashShardAsync(TrainingRun run, BenchContext context, CancellationToken cancel)
    {
        using Child inject = Child.StartDll(context.Host, ["fault", "inject", "crash-shard", "--target", $"expert-shard-0-{random.Next(4)}", "--run-dir", run.Folder]);
        inject.DrainOutput();
        await inject.WaitAsync(cancel);
        return () => { };
    }

    private static double Percentile(List<double> values, double share) =>
        values.Count == 0 ? double.NaN : values.Order().ElementAt((int)Math.Ceiling(share * values.Count) - 1);
}
