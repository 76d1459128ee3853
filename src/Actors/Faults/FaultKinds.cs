namespace MoeActors.Actors.Faults;

/// <summary>All kinds of faults that this build can inject; each has an injector and a test that it takes effect.</summary>
public static class FaultKinds
{
    private static readonly FaultParameter Share = new("share", "0.5", "share of the time in which the process may run", 0.05, 0.95);

    private static readonly FaultParameter Probability = new("probability", "0.02", "share of the frames it hits", 0.0001, 1);

    private static readonly FaultParameter Count = new("count", "1", "most frames it hits", 1, 1_000_000);

    private static readonly FaultParameter Expert = new("expert", "0", "which of the shard's experts", 0, 4095);

    /// <summary>The kinds, in the order of the list.</summary>
    public static IReadOnlyList<FaultKind> All { get; } =
    [
        new("kill-process", TargetForm.Node, false, Evidence.Gone, "SIGKILL: no handler runs, nothing is flushed") { NeedsRun = false, EndsProcess = true },
        new("kill-at-phase", TargetForm.Node, true, Evidence.Gone, "SIGKILL when the process next enters a phase, within the time given")
        {
            Parameters = [new("phase", "recovery", "forward, dispatch, backward, reduction, update, snapshot, persist, commit, recovery or evaluation")],
        },
        new("stop-process", TargetForm.Node, true, Evidence.Stopped, "SIGSTOP, and SIGCONT when the time is over") { NeedsRun = false },
        new("slow-process", TargetForm.Node, true, Evidence.Throttled, "stopped and continued in quick turns, so that a share of the time is left") { NeedsRun = false, Parameters = [Share] },
        new("leave", TargetForm.Node, false, Evidence.Left, "the node leaves the cluster in order; its supervisor starts another") { NeedsRun = false, EndsProcess = true },
        new("join", TargetForm.Node, false, Evidence.Joined, "the supervisor of the node's process starts one more node, which joins") { NeedsRun = false, Patience = TimeSpan.FromSeconds(60) },
        new("clock-jump", TargetForm.Node, true, Evidence.Probe, "the node's wall clock jumps, and back when the time is over")
        {
            NeedsRun = false,
            Parameters = [new("seconds", "3600", "seconds forward, or back if negative", -1e8, 1e8)],
        },
        new("memory-pressure", TargetForm.Node, true, Evidence.Memory, "the process takes memory and touches it")
        {
            NeedsRun = false,
            Parameters = [new("mib", "256", "MiB taken", 1, 65536)],
        },
        new("crash-rank", TargetForm.Rank, false, Evidence.Abort, "a rank actor throws in a handler"),
        new("crash-shard", TargetForm.Shard, false, Evidence.Abort, "an expert-shard actor throws in a handler"),
        new("kernel-exception", TargetForm.Shard, false, Evidence.Abort, "a libtorch kernel of an expert shard throws"),
        new("hang-handler", TargetForm.RankOrShard, true, Evidence.Probe, "a handler holds the compute thread; longer than supervision.compute-limit ends the process"),
        new("crash-writer", TargetForm.Node, false, Evidence.Probe, "the checkpoint writer throws; the checkpoint in hand is lost") { NeedsRun = false },
        new("crash-coordinator", TargetForm.Coordinator, false, Evidence.Takeover, "the run coordinator throws and takes office anew from its journal"),
        new("link-drop", TargetForm.Link, true, Evidence.Probe, "frames of the data plane are lost on the way") { Parameters = [Probability, Count] },
        new("link-duplicate", TargetForm.Link, true, Evidence.Probe, "frames arrive twice") { Parameters = [Probability, Count] },
        new("link-reorder", TargetForm.Link, true, Evidence.Probe, "frames overtake each other") { Parameters = [Probability, Count] },
        new("link-delay", TargetForm.Link, true, Evidence.Probe, "frames are held back") { Parameters = [new("ms", "20", "milliseconds each frame is late", 1, 10000)] },
        new("link-bandwidth", TargetForm.Link, true, Evidence.Probe, "the link carries no more than so much") { Parameters = [new("kib", "1024", "KiB a second", 1, 10485760)] },
        new("partition", TargetForm.Link, true, Evidence.Probe, "the data plane carries nothing and takes no connection"),
        new("control-cut", TargetForm.Node, true, Evidence.Unreachable, "the node's control plane is silent while its data plane lives") { NeedsRun = false },
        new("tls-break", TargetForm.Node, true, Evidence.Dial, "the node's control connections are torn; new ones are closed, answered with garbage or left half-way in their handshakes") { NeedsRun = false },
        new("storage-error", TargetForm.Node, true, Evidence.Probe, "writes of checkpoints fail with an input/output error"),
        new("storage-full", TargetForm.Node, true, Evidence.Probe, "writes of checkpoints fail for want of space"),
        new("storage-slow", TargetForm.Node, true, Evidence.Probe, "each write of a checkpoint waits") { Parameters = [new("ms", "100", "milliseconds each write waits", 1, 60000)] },
        new("corrupt-shard-file", TargetForm.Node, false, Evidence.Storage, "a byte of the newest checkpoint's files changes in storage"),
        new("corrupt-snapshot", TargetForm.Shard, false, Evidence.Probe, "a value of an expert's snapshot in memory changes (checkpoint.vault = on, or partial checkpoints)") { Parameters = [Expert] },
        new("lose-snapshot", TargetForm.Shard, false, Evidence.Probe, "an expert's snapshots in memory are lost (checkpoint.vault = on, or partial checkpoints)") { Parameters = [Expert] },
        new("corrupt-weights", TargetForm.Shard, false, Evidence.Abort, "a value of an expert's live weights changes; noticed with recovery.integrity = on") { Parameters = [Expert] },
        new("corrupt-moments", TargetForm.Shard, false, Evidence.Abort, "a value of an expert's first moment m changes; noticed with recovery.integrity = on") { Parameters = [Expert] },
        new("nan-gradient", TargetForm.Shard, false, Evidence.Skip, "a NaN in an expert's gradient: the step is skipped and counted") { KeepsResult = false, Parameters = [Expert] },
    ];

    /// <summary>The kind of that name, or null.</summary>
    public static FaultKind? Find(string name) => All.FirstOrDefault(k => k.Name == name);
}
