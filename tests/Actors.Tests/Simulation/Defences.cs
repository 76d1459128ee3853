using static MoeActors.Actors.Tests.Simulation.SimFaultKind;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A kind of injected fault in the simulation, and a defence against it.</summary>
/// <param name="Kind">The kind's name, as <c>moe fault list</c> gives it.</param>
/// <param name="Faults">What stands for it.</param>
/// <param name="Off">The seeded bug that is this defence, switched off.</param>
/// <param name="Beside">Other faults that such schedules have, because something has to be recovered from before the kind can show.</param>
internal sealed record Defence(string Kind, IReadOnlyList<SimFaultKind> Faults, string Off, params IReadOnlyList<SimFaultKind> Beside)
{
    /// <summary>Whether the ordinary course of things shows the hole as well: messages of different senders overtake each other all the time.</summary>
    public bool ShowsAnyway { get; init; }

    /// <summary>Those of the kinds whose effect does not need real tensors or a real clock.</summary>
    public static IReadOnlyList<Defence> All { get; } =
    [
        new("kill-process", [Crash], "a lost node is not missed"),
        new("kill-at-phase", [CrashInRecovery, CrashAtDisk], "what an old incarnation held is believed"),
        new("stop-process", [Stop], "a lost node is not missed"),
        new("slow-process", [SlowProcess], "a decision is applied twice"),
        new("leave", [Leave], "a lost node is not missed"),
        new("join", [Crash, Leave], "what an old incarnation held is believed"),
        new("memory-pressure", [Crash], "the ledger counts a replayed step twice"),
        new("crash-rank", [CrashActor], "reports of an old epoch are counted"),
        new("crash-shard", [CrashUpdate], "a state in the middle of an update is taken for live"),
        new("kernel-exception", [CrashActor], "the gate never closes"),
        new("hang-handler", [Hang], "a lane that hangs is not noticed"),
        new("crash-writer", [CrashWriter], "a writer that fails says nothing"),
        new("crash-coordinator", [CrashCoordinator], "a copy that is not complete is used"),
        new("link-drop", [LoseFrame], "a step that never ends is waited for"),
        new("link-duplicate", [DuplicateFrame], "frames are taken as they come"),
        new("link-reorder", [ReorderFrame], "gradients are summed as they arrive") { ShowsAnyway = true },
        new("link-delay", [SlowLinks], "a slow peer is given up"),
        new("link-bandwidth", [SlowLinks], "a slow peer is given up"),
        new("partition", [Partition], "a lost node is not missed"),
        new("control-cut", [CutControl], "the ledger counts a replayed step twice"),
        new("tls-break", [CutControl], "the ledger counts a replayed step twice"),
        new("storage-error", [DiskFull], "a write that failed is reported as done"),
        new("storage-full", [DiskFull], "a write that failed is reported as done"),
        new("storage-slow", [SlowDisk], "a stale coordinator publishes past the fence", StopCoordinator),
        new("corrupt-shard-file", [CorruptFile], "what is read from storage is not verified", PowerLoss),
        new("corrupt-snapshot", [CorruptSnapshot], "snapshots in memory are not verified", Crash),
        new("lose-snapshot", [LoseSnapshot], "snapshots in memory are not verified", Crash),
    ];
}
