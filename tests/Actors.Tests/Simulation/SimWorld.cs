using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>One simulated cluster and its run, driven from one seed: nothing in it depends on anything else.</summary>
internal sealed class SimWorld
{
    /// <summary>Virtual time a run may take once everything is healed.</summary>
    private const long Patience = 240 * SimClock.Second;

    private readonly Queue<SimFault> faults;
    private readonly int[] starts;
    private readonly long[] downUntil;
    private SimProcess? lockHolder;
    private long diskFullUntil, diskSlowUntil;
    private readonly IReadOnlyList<SimFault> schedule;
    private readonly List<SimFault> atDisk;
    private bool powerFails;
    private SimFault? second;
    private long healed;

    public SimWorld(int seed, SimSetup setup, SimSeams seams, IReadOnlyList<SimFault> schedule, SimTrace? trace)
    {
        (Seams, Trace, Setup, this.schedule) = (seams, trace, setup, schedule);
        Random = new Random(seed);
        Layout = new SimLayout(Setup);
        Disk = new SimDisk(Random);
        Net = new SimNet(this);
        Cluster = new SimCluster(this);
        Oracle = new SimOracle(this);
        DiskWatch = new SimDiskWatch(this);
        faults = new Queue<SimFault>(schedule.Where(f => !f.Kind.IsAtDisk()));
        atDisk = [.. schedule.Where(f => f.Kind.IsAtDisk())];
        starts = new int[Setup.Spec.Nodes + Setup.Spares];
        downUntil = new long[starts.Length];
        Disk.Before = what =>
        {
            if (atDisk.Count > 0 && Disk.Operations >= atDisk[0].AtEvent)
            {
                Trace?.Add(Clock.Now, "FAULT", $"{atDisk[0].Kind} before {what}");
                powerFails = atDisk[0].Kind == SimFaultKind.PowerLossAtDisk;
                healed = Math.Max(healed, Clock.Now);
                atDisk.RemoveAt(0);
                throw new SimCrash();
            }
        };
        Disk.After = DiskWatch.Look;
    }

    public SimSeams Seams { get; }

    public SimTrace? Trace { get; }

    public SimSetup Setup { get; }

    public Random Random { get; }

    public SimClock Clock { get; } = new();

    public SimLayout Layout { get; }

    public SimDisk Disk { get; }

    public SimNet Net { get; }

    public SimCluster Cluster { get; }

    public SimOracle Oracle { get; }

    public SimDiskWatch DiskWatch { get; }

    /// <summary>Every process there ever was, by incarnation.</summary>
    public Dictionary<string, SimProcess> Processes { get; } = [];

    /// <summary>The coordinator's journal: a database that does not fail.</summary>
    public List<CoordinatorEntry> Journal { get; } = [];

    /// <summary>Longest time of writing a file at this moment, microseconds.</summary>
    public long StorageTime => Setup.Storage * (Clock.Now < diskSlowUntil ? 20 : 1);

    public CheckpointStore StoreOf(SimProcess process) => new(new SimStorage(Disk, Seams, () => Clock.Now < diskFullUntil));

    /// <summary>The lock of the run's folder; its holder's death frees it.</summary>
    public bool Lock(SimProcess process)
    {
        if (lockHolder is { IsDead: false } && lockHolder != process)
        {
            return false;
        }

        lockHolder = process;
        return true;
    }

    public void Unlock(SimProcess process) => lockHolder = lockHolder == process ? null : lockHolder;

    /// <summary>Runs until the run has ended. Throws <see cref="SimViolation"/>.</summary>
    public void Run()
    {
        for (int host = 0; host < starts.Length; host++)
        {
            Start(host);
        }

        Cluster.Begin();
        Clock.In(SimClock.Second / 2, null, Submit);
        while (Oracle.Outcome is null && Clock.Step())
        {
            while (faults.TryPeek(out SimFault? next) && Clock.Events >= next.AtEvent)
            {
                Strike(faults.Dequeue());
            }

            if (powerFails)
            {
                LosePower();
            }

            SimViolation.Unless(faults.Count > 0 || Clock.Now < healed + Patience, "liveness", () => $"{Patience / SimClock.Second} s after everything was healed the run is not over");
        }

        Check();
    }

    public void OnDeath(SimProcess process)
    {
        Net.Closed(process);
        Cluster.OnDeath(process);
        Clock.In(Math.Max(downUntil[process.Host] - Clock.Now, Random.NextInt64(300, 1500) * SimClock.Millisecond), null, () => Start(process.Host));
    }

    private void Start(int host)
    {
        NodeIdentity identity = Tests.Cluster.Nodes.Of(host, starts[host]++);
        identity = identity with { Host = Setup.SameHost ? "machine" : $"machine-{host}" };
        var process = new SimProcess(this, host, identity);
        Processes.Add(identity.Incarnation, process);
        Trace?.Add(Clock.Now, identity.Incarnation, "starts");
        process.In(Random.NextInt64(50, 300) * SimClock.Millisecond, () => Cluster.Join(process));
    }

    private void Submit()
    {
        if (Journal.All(e => e.Kind != nameof(JournalEntry.RunAccepted)))
        {
            foreach (SimProcess process in Processes.Values.Where(p => p.Coordinator is { IsActive: true }))
            {
                process.Do(process.Coordinator!.Submit);
            }

            Clock.In(SimClock.Second, null, Submit);
        }
    }

    private void Strike(SimFault fault)
    {
        SimProcess[] alive = [.. Processes.Values.Where(p => !p.IsDead)];
        SimProcess? victim = alive.Length == 0 ? null : alive[fault.Node % alive.Length];
        SimProcess? coordinator = alive.FirstOrDefault(p => p.Coordinator is not null);
        Trace?.Add(Clock.Now, "FAULT", $"{fault.Kind}, node {fault.Node}, lasts {fault.Lasts / 1e6:0.0} s");
        healed = Math.Max(healed, Clock.Now + fault.Lasts);
        switch (fault.Kind)
        {
            case SimFaultKind.Crash:
                Kill(victim, fault);
                break;
            case SimFaultKind.CrashCoordinator:
                Kill(coordinator, fault);
                break;
            case SimFaultKind.PowerLoss:
                LosePower();
                break;
            case SimFaultKind.Stop:
                Stop(victim, fault);
                break;
            case SimFaultKind.StopCoordinator:
                Stop(coordinator, fault);
                break;
            case SimFaultKind.Partition:
                Net.Part(Enumerable.Range(0, starts.Length).Where(h => (((fault.Node + 1) >> h) & 1) == 1));
                Clock.In(fault.Lasts, null, () => Net.Part(null));
                break;
            case SimFaultKind.CutControl:
                (int a, int b) = (fault.Node % starts.Length, (fault.Node + 1) % starts.Length);
                Net.CutControl(a, b, true);
                Clock.In(fault.Lasts, null, () => Net.CutControl(a, b, false));
                break;
            case SimFaultKind.DropLink or SimFaultKind.DuplicateFrame or SimFaultKind.ReorderFrame or SimFaultKind.LoseFrame:
                Net.NextFrame = fault.Kind;
                break;
            case SimFaultKind.LossyControl:
                Net.LossyUntil = Clock.Now + fault.Lasts;
                break;
            case SimFaultKind.CrashActor:
                if (victim?.Device.Actor(fault.Node) is { } actor)
                {
                    actor.Doomed = true;
                }

                break;
            case SimFaultKind.CrashUpdate:
                if (victim?.Device.Actor(fault.Node) is { } updating)
                {
                    updating.DoomedToTear = true;
                }

                break;
            case SimFaultKind.Leave:
                if (victim is not null)
                {
                    Cluster.Leave(victim);
                }

                break;
            case SimFaultKind.CrashInRecovery or SimFaultKind.CoordinatorCrashInRecovery:
                second = fault;
                Kill(victim, fault);
                break;
            case SimFaultKind.TearCopy:
                if (victim is not null)
                {
                    victim.Device.Copies.Doomed = true;
                }

                break;
            case SimFaultKind.DiskFull:
                diskFullUntil = Clock.Now + fault.Lasts;
                break;
            case SimFaultKind.SlowDisk:
                diskSlowUntil = Clock.Now + fault.Lasts;
                break;
            case SimFaultKind.SlowLinks:
                Net.SlowUntil = Clock.Now + fault.Lasts;
                break;
            case SimFaultKind.SlowProcess:
                Slow(victim, Clock.Now + fault.Lasts);
                break;
            case SimFaultKind.Hang:
                victim?.Device.Hang();
                break;
            case SimFaultKind.CrashWriter:
                victim?.Writer.Crash();
                break;
            case SimFaultKind.CorruptFile:
                if (Disk.Live.Keys.Where(f => f.EndsWith(".safetensors", StringComparison.Ordinal)).Max(StringComparer.Ordinal) is { } newest)
                {
                    Disk.Corrupt(newest);
                }

                break;
            case SimFaultKind.CorruptSnapshot:
                victim?.Vault.Corrupt();
                break;
            case SimFaultKind.LoseSnapshot:
                victim?.Vault.Lose();
                break;
        }
    }

    /// <summary>The coordinator asks what is held, or begins an epoch: now and then somebody dies soon after.</summary>
    public void RecoveryIsUnderWay(IControlMessage order)
    {
        if (second is not { } fault || (fault.AtEvent % 2 == 0) != order is PrepareEpoch)
        {
            return;
        }

        second = null;
        Clock.In(Random.NextInt64(0, 20 * Setup.Latency), null, () =>
        {
            SimProcess[] alive = [.. Processes.Values.Where(p => !p.IsDead)];
            Trace?.Add(Clock.Now, "FAULT", $"{fault.Kind}: the second one");
            healed = Math.Max(healed, Clock.Now + fault.Lasts);
            Kill(fault.Kind == SimFaultKind.CoordinatorCrashInRecovery ? alive.FirstOrDefault(p => p.Coordinator is not null) : alive.Length == 0 ? null : alive[(fault.Node / 2) % alive.Length], fault);
        });
    }

    private void LosePower()
    {
        powerFails = false;
        foreach (SimProcess process in Processes.Values.Where(p => !p.IsDead).ToArray())
        {
            process.Die("the power fails");
        }

        Disk.LosePower();
        DiskWatch.Look();
    }

    private void Kill(SimProcess? process, SimFault fault)
    {
        if (process is not null)
        {
            downUntil[process.Host] = fault.Node % 3 == 0 ? Clock.Now + fault.Lasts : 0;
            process.Die("killed");
        }
    }

    /// <summary>Stopped and continued nine tenths of the time.</summary>
    private void Slow(SimProcess? process, long until)
    {
        if (process is { IsStopped: false, IsDead: false } && Clock.Now < until)
        {
            process.Stop();
            Clock.In(180 * SimClock.Millisecond, null, () =>
            {
                process.GoOn();
                Clock.In(20 * SimClock.Millisecond, null, () => Slow(process, until));
            });
        }
    }

    private void Stop(SimProcess? process, SimFault fault)
    {
        if (process is { IsStopped: false })
        {
            process.Stop();
            Clock.In(fault.Lasts, null, process.GoOn);
        }
    }

    /// <summary>RC-1: one fault that costs one process at most leaves a copy of everything, and costs at most one step that was decided; what was in flight is computed again anyway.</summary>
    private void CheckCost()
    {
        bool single = schedule is [{ Kind: not (SimFaultKind.Partition or SimFaultKind.PowerLoss or SimFaultKind.PowerLossAtDisk or SimFaultKind.CrashInRecovery or SimFaultKind.CoordinatorCrashInRecovery) }];
        bool one = Processes.Values.Count(p => p.IsDead) <= 1;
        SimViolation.Unless(!single || !one || Setup.Spec.Copies == 0 || Oracle.TakenBack <= 1, "RC-1", () => $"one fault takes {Oracle.TakenBack} decided steps back");
    }

    /// <summary>At the end the newest checkpoint is of the last step and holds the state of the surviving history; in exact mode that of the undisturbed run.</summary>
    private void Check()
    {
        CheckCost();
        if (Oracle.Outcome != "completed")
        {
            return;
        }

        var store = new CheckpointStore(new SimStorage(Disk, new SimSeams(), () => false));
        Manifest newest = store.Newest() ?? throw new SimViolation("CK-2", "the run is over and nothing is saved");
        SimViolation.Unless(newest.Step == Setup.Spec.Training.Steps, "CK-2", () => $"the run is over, its newest checkpoint is of step {newest.Step}");

        // What was altered where it lies is found, or harmless: nothing else is reported, and what is read is right or is not read at all.
        IReadOnlyList<CheckpointProblem> problems = store.Verify(newest.Step);
        SimViolation.Unless(problems.All(p => Disk.Corrupted.Contains(p.File)), "CK-1", () => problems.First(p => !Disk.Corrupted.Contains(p.File)).Message);
        using var reader = new CheckpointReader(store.Storage, newest);
        foreach ((SimPart part, var ranges) in Layout.Parts.Values.SelectMany(p => p))
        {
            SimState read;
            try
            {
                read = Shards.Read(reader, ranges);
            }
            catch (CheckpointException e) when (problems.Any(p => e.Message.Contains(p.File, StringComparison.Ordinal)))
            {
                continue;
            }

            SimViolation.Unless(read == Oracle.At(part, newest.Step), "RC-1", () => $"{part} in the last checkpoint is not that of the surviving history");
        }
    }
}
