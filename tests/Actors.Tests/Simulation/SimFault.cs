namespace MoeActors.Actors.Tests.Simulation;

/// <summary>What can go wrong.</summary>
internal enum SimFaultKind
{
    /// <summary>A process dies; its supervisor starts another one after a while.</summary>
    Crash,

    /// <summary>The process of the coordinator dies.</summary>
    CrashCoordinator,

    /// <summary>A process dies in the middle of an operation on the disk.</summary>
    CrashAtDisk,

    /// <summary>The power fails in the middle of an operation on the disk.</summary>
    PowerLossAtDisk,

    /// <summary>All processes die and the disk forgets what was not synced.</summary>
    PowerLoss,

    /// <summary>A process stands still (SIGSTOP) and goes on later.</summary>
    Stop,

    /// <summary>The coordinator's process stands still.</summary>
    StopCoordinator,

    /// <summary>Some nodes cannot reach the others.</summary>
    Partition,

    /// <summary>The control messages between two nodes are lost, data still flows.</summary>
    CutControl,

    /// <summary>A data connection breaks.</summary>
    DropLink,

    /// <summary>A data frame comes twice.</summary>
    DuplicateFrame,

    /// <summary>Two data frames change places.</summary>
    ReorderFrame,

    /// <summary>For a while control messages are lost, doubled and late.</summary>
    LossyControl,

    /// <summary>An actor throws at its next message, in the middle of an update maybe.</summary>
    CrashActor,

    /// <summary>An actor throws in the middle of its next update.</summary>
    CrashUpdate,

    /// <summary>A node leaves the cluster while all the others are at work; another process comes for it.</summary>
    Leave,

    /// <summary>For a while nothing can be written to the disk.</summary>
    DiskFull,

    /// <summary>A process dies, and another one while the recovery from that is under way.</summary>
    CrashInRecovery,

    /// <summary>A process dies, and the coordinator's while the recovery from that is under way.</summary>
    CoordinatorCrashInRecovery,

    /// <summary>The update of a copy of another node's unit fails in the middle.</summary>
    TearCopy,

    /// <summary>A data frame is lost on its way.</summary>
    LoseFrame,

    /// <summary>For a while data frames take long.</summary>
    SlowLinks,

    /// <summary>For a while the disk takes long.</summary>
    SlowDisk,

    /// <summary>A process runs a tenth of the time only, in quick turns.</summary>
    SlowProcess,

    /// <summary>A handler of a device never returns.</summary>
    Hang,

    /// <summary>A checkpoint writer throws, and is started again.</summary>
    CrashWriter,

    /// <summary>A byte of the newest file of a checkpoint changes in storage.</summary>
    CorruptFile,

    /// <summary>A node's snapshots in memory are altered.</summary>
    CorruptSnapshot,

    /// <summary>A node's snapshots in memory are lost.</summary>
    LoseSnapshot,
}

/// <summary>One fault of a schedule.</summary>
/// <param name="Kind">What.</param>
/// <param name="AtEvent">Strikes when so many events have happened (disk operations, where it is in the middle of one).</param>
/// <param name="Node">Node concerned, an index modulo those there are.</param>
/// <param name="Lasts">How long until it is healed, microseconds.</param>
internal sealed record SimFault(SimFaultKind Kind, long AtEvent, int Node, long Lasts);

/// <summary>PURE: seed → the faults of a schedule.</summary>
internal static class SimSchedule
{
    /// <summary>Whether a fault strikes in the middle of an operation on the disk.</summary>
    public static bool IsAtDisk(this SimFaultKind kind) => kind is SimFaultKind.CrashAtDisk or SimFaultKind.PowerLossAtDisk;

    /// <summary>Up to six faults of all kinds, more often few than many.</summary>
    public static IReadOnlyList<SimFault> Of(int seed) => Of(seed, Enum.GetValues<SimFaultKind>());

    /// <summary>The same, of some kinds.</summary>
    public static IReadOnlyList<SimFault> Of(int seed, IReadOnlyList<SimFaultKind> kinds)
    {
        var random = new Random(seed ^ 0xFA17);
        int count = 1 + random.Next(1 + random.Next(6)), window = random.Next(2) == 0 ? 900 : 2500;
        var faults = new List<SimFault>();
        int failures = 0;
        for (int i = 0; i < count; i++)
        {
            SimFaultKind kind = kinds[random.Next(kinds.Count)];
            bool fails = kind is SimFaultKind.LoseFrame or SimFaultKind.TearCopy or SimFaultKind.DropLink or SimFaultKind.DuplicateFrame or SimFaultKind.ReorderFrame or SimFaultKind.CrashActor or SimFaultKind.CrashUpdate or SimFaultKind.Partition or SimFaultKind.CutControl;

            // More than that many in a row end a run, as documented: that is no subject here.
            if (fails && ++failures > 2)
            {
                if (!kinds.Contains(SimFaultKind.Crash))
                {
                    break;
                }

                kind = SimFaultKind.Crash;
            }

            long lasts = random.Next(3) switch { 0 => random.Next(100, 2000), 1 => random.Next(2000, 8000), _ => random.Next(8000, 16_000) } * SimClock.Millisecond;
            faults.Add(new SimFault(kind, kind.IsAtDisk() ? random.Next(20, 260) : random.Next(60, window), random.Next(16), lasts));
        }

        return [.. faults.OrderBy(f => f.AtEvent)];
    }
}
