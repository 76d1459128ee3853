using MoeActors.Bench.Processes;
using MoeActors.Bench.Recovery;
using MoeActors.Bench.Report;

namespace MoeActors.Bench.Cases;

/// <summary>
/// What a failure costs in time, on one machine, preset tiny on three nodes: kill -9 of a random node at a random step, again and again in one run, without and with a hot spare; a node that is stopped (SIGSTOP); one that the network is cut
/// off; a crash of one expert shard; and beside them today's usual answer, killing the whole job and starting it again from its newest checkpoint. A clock outside says when it happened and when the next step was done (where a command makes
/// it happen, the fault's audit and the run's record do); the record says the phases between.
/// </summary>
internal sealed class RecoveryCase : IBenchCase
{
    public string Name => CaseNames.Recovery;

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        int kills = context.Runs ?? 20, others = Math.Max(3, kills / 10);
        var rows = new List<BenchRow>();
        using (FailingRun run = FailingRun.Start(context, 0))
        {
            rows.AddRange(await FailuresAsync(run, Failure.Kill, "", kills, context, cancel));
            rows.AddRange(await FailuresAsync(run, Failure.CrashShard, "", others, context, cancel));
            rows.Add(await RestartsAsync(run, others, context, cancel));
        }

        using FailingRun guarded = FailingRun.Start(context, 1);
        rows.AddRange(await FailuresAsync(guarded, Failure.Kill, ", hot spare", kills, context, cancel));

        // Without a spare the survivors of these would wait for a process that does not know yet that it is out, and after recovery.grace go on without it.
        rows.AddRange(await FailuresAsync(guarded, Failure.Stop, ", hot spare", others, context, cancel));
        rows.AddRange(await FailuresAsync(guarded, Failure.Partition, ", hot spare", others, context, cancel));
        return rows;
    }

    private static async Task<IReadOnlyList<BenchRow>> FailuresAsync(FailingRun run, Failure failure, string how, int rounds, BenchContext context, CancellationToken cancel)
    {
        string name = failure.Name + how;
        var steps = new List<double>();
        var detected = new List<double>();
        var ready = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            await run.SteadyAsync(cancel);
            (FaultDone fault, Strike strike, double outside) = await run.HitAsync(failure, cancel);
            double late = Math.Max(0, (fault.At - strike.At).TotalMilliseconds);
            detected.Add(late + (fault.DetectedMs ?? 0));
            ready.Add(late + (fault.RejoinedMs ?? 0));

            // What a command makes happen is often over before the command is: it waits until the fault has been seen.
            steps.Add(failure.Commanded ? late + fault.FirstStepMs!.Value : outside);
            context.Say($"recovery: {name} {round + 1} of {rounds} ({fault.Kind}): detected after {detected[^1]:0} ms, next step after {steps[^1]:0} ms");
        }

        return
        [
            .. failure.Detected ? (BenchRow[])[BenchRow.Of($"recovery, {name}", "to its detection", "ms", detected, null, $"99th percentile {Percentile(detected, 0.99):0} ms")] : [],
            BenchRow.Of($"recovery, {name}", "until all nodes are ready", "ms", ready),
            BenchRow.Of(
                $"recovery, {name}", "to the next step", "ms", steps, null,
                $"99th percentile {Percentile(steps, 0.99):0} ms; {(failure.Commanded ? "by the run's record and the fault's audit" : "seen from outside")}"),
        ];
    }

    /// <summary>The usual answer.</summary>
    private static async Task<BenchRow> RestartsAsync(FailingRun run, int rounds, BenchContext context, CancellationToken cancel)
    {
        var outside = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            await run.SteadyAsync(cancel);
            outside.Add(await run.RestartAsync(cancel));
            context.Say($"recovery: whole job {round + 1} of {rounds}: next new step after {outside[^1]:0} ms");
        }

        return BenchRow.Of("recovery, whole job restarted", "to the next new step", "ms", outside, null, "all processes killed and `moe resume`: the steps since the newest checkpoint are computed again");
    }

    private static double Percentile(List<double> values, double share) =>
        values.Count == 0 ? double.NaN : values.Order().ElementAt((int)Math.Ceiling(share * values.Count) - 1);
}
