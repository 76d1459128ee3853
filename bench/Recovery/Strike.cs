namespace MoeActors.Bench.Recovery;

/// <summary>A failure that was made to happen.</summary>
/// <param name="At">When, by the wall clock of this machine, which the run's record shares.</param>
/// <param name="After">What is to be done once the run has recovered, or null.</param>
internal sealed record Strike(DateTimeOffset At, Action? After = null);

/// <summary>A way to make a run fail.</summary>
/// <param name="Name">For people.</param>
/// <param name="Detected">Whether the time to its detection is measured: not where the failure itself says so at once.</param>
/// <param name="Commanded">Whether `moe fault inject` makes it happen, not a signal.</param>
/// <param name="HitAsync">Makes it happen.</param>
internal sealed record Failure(string Name, bool Detected, bool Commanded, Func<FailingRun, CancellationToken, Task<Strike>> HitAsync)
{
    /// <summary>kill -9 of a random node that computes.</summary>
    public static Failure Kill { get; } = new("kill -9 of a node", true, false, (run, _) =>
    {
        int pid = run.AnyNode().Pid;
        DateTimeOffset at = TimeProvider.System.GetUtcNow();
        Processes.Signals.Send(pid, Processes.Signals.Kill);
        return Task.FromResult(new Strike(at));
    });

    /// <summary>SIGSTOP. Once it is out it is woken, finds itself removed and ends; another takes its place.</summary>
    public static Failure Stop { get; } = new("SIGSTOP of a node", true, false, (run, _) =>
    {
        int pid = run.AnyNode().Pid;
        DateTimeOffset at = TimeProvider.System.GetUtcNow();
        Processes.Signals.Send(pid, Processes.Signals.Stop);
        return Task.FromResult(new Strike(at, () => Processes.Signals.Send(pid, Processes.Signals.Continue)));
    });

    /// <summary>Nothing passes between a random node and the others, neither control nor data; its process lives. The links go first: it counts from the moment when nothing passes any more.</summary>
    public static Failure Partition { get; } = new("partition, one node from the others", true, true, async (run, cancel) =>
    {
        (string name, int _) = run.AnyNode();
        foreach (string other in run.Participants().Select(n => n.Name).Where(n => n != name))
        {
            await run.InjectAsync(["partition", "--target", $"{name}={other}", "--for", "5s"], cancel);
        }

        await run.InjectAsync(["control-cut", "--target", name, "--for", "5s"], cancel);
        return new Strike(run.BegunAt("control-cut"));
    });

    /// <summary>One expert shard throws in its next handler.</summary>
    public static Failure CrashShard { get; } = new("crash of an expert shard", false, true, async (run, cancel) =>
    {
        await run.InjectAsync(["crash-shard", "--target", $"expert-shard-0-{run.Random.Next(4)}"], cancel);
        return new Strike(run.BegunAt("crash-shard"));
    });
}
