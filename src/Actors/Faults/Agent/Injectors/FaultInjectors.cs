using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>The injector of each kind.</summary>
internal static class FaultInjectors
{
    /// <summary>One of each, for one node.</summary>
    public static IReadOnlyDictionary<string, FaultInjector> Of(AgentServices node) => new Dictionary<string, FaultInjector>
    {
        ["kill-process"] = new KillProcess(node),
        ["kill-at-phase"] = new KillAtPhase(node),
        ["stop-process"] = new StopProcess(node),
        ["slow-process"] = new SlowProcess(node),
        ["leave"] = new LeaveCluster(node),
        ["join"] = new JoinNode(node),
        ["clock-jump"] = new ClockJump(node),
        ["memory-pressure"] = new MemoryPressure(node),
        ["crash-rank"] = new CrashUnitActor(node),
        ["crash-shard"] = new CrashUnitActor(node),
        ["kernel-exception"] = new KernelException(node),
        ["hang-handler"] = new HangHandler(node),
        ["crash-writer"] = new CrashWriter(node),
        ["crash-coordinator"] = new CrashCoordinator(node),
        ["link-drop"] = new LinkInjector(node, o => new LinkFault { Drop = o.Number("probability"), Count = (long)o.Number("count") }),
        ["link-duplicate"] = new LinkInjector(node, o => new LinkFault { Duplicate = o.Number("probability"), Count = (long)o.Number("count") }),
        ["link-reorder"] = new LinkInjector(node, o => new LinkFault { Reorder = o.Number("probability"), Count = (long)o.Number("count") }),
        ["link-delay"] = new LinkInjector(node, o => new LinkFault { Delay = TimeSpan.FromMilliseconds(o.Number("ms")) }),
        ["link-bandwidth"] = new LinkInjector(node, o => new LinkFault { BytesPerSecond = o.Number("kib") * 1024 }),
        ["partition"] = new LinkInjector(node, _ => new LinkFault { Cut = true }),
        ["control-cut"] = new CutControl(node),
        ["tls-break"] = new BreakTls(node),
        ["storage-error"] = new StorageInjector(node, _ => new StorageFault("Input/output error", TimeSpan.Zero)),
        ["storage-full"] = new StorageInjector(node, _ => new StorageFault("No space left on device", TimeSpan.Zero)),
        ["storage-slow"] = new StorageInjector(node, o => new StorageFault(null, TimeSpan.FromMilliseconds(o.Number("ms")))),
        ["corrupt-shard-file"] = new CorruptShardFile(node),
        ["corrupt-snapshot"] = new CorruptSnapshot(node),
        ["lose-snapshot"] = new LoseSnapshot(node),
        ["corrupt-weights"] = new CorruptState(node, unit => (unit.Weights, unit.Begin)),
        ["corrupt-moments"] = new CorruptState(node, unit => (unit.Optimizer.First, 0)),
        ["nan-gradient"] = new NanGradient(node),
    };
}
