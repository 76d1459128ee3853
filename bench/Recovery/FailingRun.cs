using System.Text.Json;

using MoeActors.Bench.Processes;

namespace MoeActors.Bench.Recovery;

/// <summary>A run of preset tiny that failures are made to happen to, as long as anybody wants, and what can be seen of it from outside.</summary>
internal sealed class FailingRun : IDisposable
{
    private const int Computing = 3;

    // One failure is what is measured: a process that fails again and again is started after a longer pause each time. And the wait for another machine's silence is a setting; these suit one machine, and hold at full load of its cores.
    private static readonly string[] Settings =
    [
        "supervision.restart-budget=1000000", "supervision.backoff-max=100 ms", "faults.enabled=on", "faults.max-active=8", "recovery.settle=0 s",
        "cluster.failure-detector.heartbeat-interval=100 ms", "cluster.failure-detector.acceptable-pause=800 ms", "cluster.split-brain.stable-after=500 ms",
    ];

    private readonly BenchContext context;
    private readonly int spares;
    private int restarts;

    private FailingRun(BenchContext context, TrainingRun run, int spares) => (this.context, Run, this.spares) = (context, run, spares);

    private sealed record Node(string Name, int Pid);

    private sealed record Epoch(Node[] Nodes);

    private sealed record AuditLine(DateTimeOffset At, string What, string Kind);

    /// <summary>Which node, and when.</summary>
    public Random Random { get; } = new(1);

    /// <summary>The run as it is.</summary>
    public TrainingRun Run { get; private set; }

    /// <summary>Starts it on three nodes and <paramref name="spares"/> more.</summary>
    public static FailingRun Start(BenchContext context, int spares) => new(
        context,
        TrainingRun.Start(context, ["--preset", "tiny", "--nodes", $"{Computing}", "--spares", $"{spares}", "--steps", "1000000", .. Settings.SelectMany(s => (string[])["--set", s])]),
        spares);

    /// <summary>The nodes of the newest epoch.</summary>
    public IReadOnlyList<(string Name, int Pid)> Participants() =>
        [.. JsonSerializer.Deserialize<Epoch>(Run.Events().Last(e => e.Type == "epoch").Message!, JsonSerializerOptions.Web)!.Nodes.Select(n => (n.Name, n.Pid))];

    /// <summary>One of them.</summary>
    public (string Name, int Pid) AnyNode() => Participants()[Random.Next(Computing)];

    /// <summary>All nodes compute, all spares are ready, and some random number of steps more is done.</summary>
    public async Task SteadyAsync(CancellationToken cancel)
    {
        await Run.UntilAsync(
            d => d.Count > 0 && Run.Nodes.Count == Computing + spares && Participants().Count == Computing && Ready() >= Math.Min(1, spares) * (spares + restarts), TimeSpan.FromMilliseconds(200), cancel);
        int have = Run.Steps().Count, more = Random.Next(5, 25);
        await Run.UntilAsync(d => d.Count >= have + more, TimeSpan.FromMilliseconds(5), cancel);
    }

    /// <summary>Lets <paramref name="failure"/> happen; returns the fault's record, when it was, and the ms from it to the next step as a clock outside sees them.</summary>
    public async Task<(FaultDone Fault, Strike Strike, double NextStepMs)> HitAsync(Failure failure, CancellationToken cancel)
    {
        int faults = Run.Faults().Count, epoch = Run.Steps()[^1].Epoch;
        Strike strike = await failure.HitAsync(this, cancel);
        restarts++;
        await Run.UntilAsync(d => d[^1].Epoch > epoch, TimeSpan.FromMilliseconds(2), cancel);
        double outside = (TimeProvider.System.GetUtcNow() - strike.At).TotalMilliseconds;
        strike.After?.Invoke();
        await Run.UntilAsync(_ => Run.Faults().Count > faults, TimeSpan.FromMilliseconds(20), cancel);
        return (Run.Faults()[faults], strike, outside);
    }

    /// <summary>Kills all of it and starts it again from its newest checkpoint: the ms to the first step beyond the one it was killed at.</summary>
    public async Task<double> RestartAsync(CancellationToken cancel)
    {
        DateTimeOffset at = TimeProvider.System.GetUtcNow();
        Run.Kill();
        IReadOnlyList<StepDone> done = Run.Steps();
        (long step, int lines) = (done.Max(d => d.Step), done.Count);
        Run = Run.Resume(context);
        await Run.UntilAsync(d => d.Count > lines && d[^1].Step > step, TimeSpan.FromMilliseconds(2), cancel);
        return (TimeProvider.System.GetUtcNow() - at).TotalMilliseconds;
    }

    /// <summary>Injects a fault through the admin (AD-1), and waits until it has been seen.</summary>
    public async Task InjectAsync(string[] fault, CancellationToken cancel)
    {
        using Child inject = Child.StartDll(context.Host, ["fault", "inject", .. fault, "--run-dir", Run.Folder]);
        inject.DrainOutput();
        await inject.WaitAsync(cancel);
        if (inject.ExitCode != 0)
        {
            throw new BenchException($"`moe fault inject {string.Join(' ', fault)}` ended with exit code {inject.ExitCode}: {inject.LastWords}");
        }
    }

    /// <summary>When the newest fault of a kind began, by the audit.</summary>
    public DateTimeOffset BegunAt(string kind) =>
        File.ReadLines(Path.Combine(Run.Folder, "faults.jsonl")).Select(l => JsonSerializer.Deserialize<AuditLine>(l, JsonSerializerOptions.Web)!).Last(l => l.Kind == kind && l.What == "begun").At;

    /// <inheritdoc/>
    public void Dispose() => Run.Dispose();

    private int Ready() => Run.Events().Count(e => e.Message?.Contains(" is ready and waits", StringComparison.Ordinal) == true);
}
