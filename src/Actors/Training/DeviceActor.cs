using System.Diagnostics;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Actors.Training;

/// <summary>
/// Supervisor of one device and its compute thread. Opens runs, carries the device from epoch to epoch, and gives each logical rank and expert shard placed here an actor; the steps are the
/// <see cref="TrainingSession"/>'s, state is brought by <see cref="StateRecovery"/> and <see cref="StateTransfer"/>. The live tensors are its own, so that they outlive the actors that work on them.
/// </summary>
internal sealed class DeviceActor : ReceiveActor, IWithTimers
{
    private readonly NodeServices node;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly DeviceState device;
    private readonly DeviceChildren children;
    private readonly TrainingSession training;
    private readonly StateRecovery recovery;
    private readonly StateTransfer transfer;
    private CancellationTokenSource? connecting;
    private Preparation? preparation;

    public DeviceActor(NodeServices node)
    {
        this.node = node;
        IActorRef self = Self;
        var copies = new PeerCopies(reason => self.Tell(new CopyFailed(reason)));
        var services = new DeviceServices(node.Exchange, node.Flight, new LaneClock(node.Time), new EpochGate(), Snapshot, node.Trace) { Updating = node.Updating, Returning = node.Returning };
        device = new DeviceState(node, services, copies);
        children = new DeviceChildren(Context, services);
        training = new TrainingSession(device, children);
        recovery = new StateRecovery(device);
        transfer = new StateTransfer(device, AskAgain, TryReady, training.TryReport);
        Receive<PrepareEpoch>(OnPrepare);
        Receive<Connected>(m => IsCurrent(m.Epoch), OnConnected);
        Receive<ActorCreated>(children.Created);
        Receive<AskHoldings>(OnAskHoldings);
        Receive<GetReady>(OnGetReady);
        Receive<FetchTick>(m => IsCurrent(m.Epoch), _ => transfer.Ask());
        Receive<ReadyYet>(m => IsCurrent(m.Epoch), _ => TryReady());
        Receive<CopyFailed>(_ => device.Context is not null, m => device.Failed("peer-copies", m.Reason));
        Receive<AbortEpoch>(m => IsCurrent(m.Epoch), m => Quiesce(m.Reason));
        Receive<EndRun>(m => device.Context is null || m.Epoch >= device.Context.Epoch, OnEndRun);
        Receive<Terminated>(m => children.Ended(m.ActorRef));
        Receive<StartSteps>(m => IsCurrent(m.Epoch), OnStart);
        Receive<UnitReduced>(m => IsCurrent(m.Epoch), training.Reduced);
        Receive<StepDecision>(m => IsCurrent(m.Epoch), training.Decide);
        Receive<UnitUpdated>(m => IsCurrent(m.Epoch), training.Updated);
        Receive<EvaluateState>(m => IsCurrent(m.Epoch), OnEvaluate);
        Receive<RankEvaluated>(m => IsCurrent(m.Epoch), training.Evaluated);
        Receive<Ticket>(OnTicket);
        ReceiveAny(_ => { });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>The data plane is connected for the epoch, or not.</summary>
    private sealed record Connected(int Epoch, string? Error);

    /// <summary>It is time to ask again for state that has not come.</summary>
    private sealed record FetchTick(int Epoch);

    /// <summary>The update of a copy failed in the middle; from the copies' thread.</summary>
    private sealed record CopyFailed(string Reason);

    private sealed record ReadyYet(int Epoch);

    /// <summary>How far the preparation of an epoch is.</summary>
    private sealed class Preparation
    {
        public required long Begun { get; init; }

        public double FetchMs { get; set; }

        public bool Live { get; set; }

        public bool Connected { get; set; }

        public bool Attached { get; set; }
    }

    protected override void PreStart()
    {
        // First torch call of this thread: its thread count is part of the logical layout (DT-1).
        ThreadSettings.Apply(1);
    }

    protected override void PostStop()
    {
        connecting?.Dispose();
        device.Dispose();
    }

    /// <summary>A failed actor is restarted alone with a new incarnation; the coordinator begins an epoch in which it gets its unit back.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(
        maxNrOfRetries: 20,
        withinTimeRange: TimeSpan.FromMinutes(10),
        localOnlyDecider: reason =>
        {
            string name = Sender.Path.Name;
            log.Error(reason, "{0} failed", name);
            device.Answer(new NodeFault(device.Context?.Epoch ?? 0, node.Incarnation, name, reason.Message) { Cause = FailureCauses.Of(reason) });
            return Directive.Restart;
        });

    private bool IsCurrent(int epoch) => device.Context?.Epoch == epoch;

    /// <summary>What the node cannot do, in one sentence of its own.</summary>
    private static bool IsForPeople(Exception e) =>
        e is SpecException or CheckpointException or CorpusException or IOException or UnauthorizedAccessException or InsufficientMemoryException;

    private void OnPrepare(PrepareEpoch m)
    {
        if (!device.Orders.IsNew(m.Epoch))
        {
            device.AnswerAgain(m.Epoch);
            return;
        }

        children.StopRanks(m.Fresh);
        if (children.AreStopping)
        {
            // The names of actors that are about to end are free once they have; they do it on this lane.
            Self.Forward(m);
            return;
        }

        device.Orders.Begin(m.Epoch);
        Quiesce($"epoch {m.Epoch} begins");
        node.Flight.Enter(Phase.Recovery, m.Epoch, m.RestoreStep);
        try
        {
            Prepare(m);
        }
        catch (Exception e) when (IsForPeople(e))
        {
            device.Answer(new EpochPrepared(m.Epoch, node.Incarnation, e.Message, 0, 0, []) { Cause = FailureCauses.Of(e) });
        }
    }

    private void Prepare(PrepareEpoch m)
    {
        var begun = new Preparation { Begun = Stopwatch.GetTimestamp() };
        RunSpec spec = RunSpec.FromJson(m.SpecJson);
        int self = m.Nodes.ToList().FindIndex(n => n.Incarnation == node.Incarnation);
        EpochContext context = device.Context = new EpochContext(m, spec, self);
        node.Exchange.Register(new Endpoint(EndpointKind.Device, 0, self), Self);
        node.Exchange.BeginEpoch(EpochTables.Of(context));
        device.Open(spec);
        int[] ranks = LocalRanks();
        device.Store!.Hold(ranks, [.. m.Sources.Where(s => s.Node == self && s.Rung == RestoreRung.Live).Select(s => s.Unit)]);
        node.Vault.GoBack(m.RestoreStep, unit => ranks.Contains(Compute.Parameters.UnitOrder.OwnerRank(spec.Layout, unit)));
        recovery.WantCopies();
        IReadOnlyList<DamagedState> damaged = recovery.Restore(m, out bool live);
        if (damaged.Count > 0)
        {
            device.Answer(new EpochPrepared(m.Epoch, node.Incarnation, null, 0, 0, [], false, damaged));
            return;
        }

        node.Vault.Reserve(() => SnapshotReserve.Of(spec, ranks), text => log.Info("epoch {0}: {1}", m.Epoch, text));
        node.Flight.Enter(Phase.Recovery, m.Epoch, m.RestoreStep);
        begun.Live = live;
        preparation = begun;
        transfer.Lack();
        int epoch = m.Epoch;
        connecting = new CancellationTokenSource(node.ConnectPatience);
        node.Exchange.ConnectAsync(connecting.Token).PipeTo(
            Self,
            success: () => new Connected(epoch, null),
            failure: e => new Connected(epoch, e.GetBaseException().Message));
    }

    private int[] LocalRanks() => [.. Enumerable.Range(0, device.Context!.Spec.Layout.Ranks).Where(device.Context.IsLocal)];

    /// <summary>Opens the run that this node takes no part in yet: an epoch that takes it in does not wait for that. One that takes part in the run is ready.</summary>
    private void OnGetReady(GetReady m)
    {
        (string? error, FailureCause cause) = (null, FailureCause.None);
        try
        {
            RunSpec spec = RunSpec.FromJson(m.SpecJson);
            if (!device.IsOpen(spec))
            {
                // The coordinator in charge has one run: whatever was before is over.
                Quiesce("another run is opened");
                device.Context = null;
                device.Open(spec);
            }
        }
        catch (Exception e) when (IsForPeople(e))
        {
            (error, cause) = (e.Message, FailureCauses.Of(e));
        }

        node.TellCoordinator(new NodeReady(m.RunKey, node.Incarnation, error) { Cause = cause });
    }

    /// <summary>Stops what belongs to older epochs, so that what it says stays true, and says what is here (EP-1, ST-1).</summary>
    private void OnAskHoldings(AskHoldings m)
    {
        if (!device.Orders.IsNew(m.Epoch))
        {
            // That epoch has begun here: the question is old.
            return;
        }

        Quiesce($"epoch {m.Epoch} is about to begin");
        device.Copies.Drain();
        bool same = device.Store is { } store && RunKey.Of(store.Spec) == m.RunKey;
        node.TellCoordinator(OwnState.Say(
            m, node.Incarnation, same ? device.Store!.Units.Concat(device.Store.Leaving) : [], same ? device.Copies.All : [], same ? device.LastDecided : null));
    }

    private void OnConnected(Connected m)
    {
        if (connecting is null || preparation is null)
        {
            // The epoch was aborted meanwhile.
            return;
        }

        if (m.Error is not null)
        {
            // A peer that cannot be reached is dying or cut off: the coordinator hears of it through membership and begins another epoch.
            log.Warning("epoch {0}: {1}", m.Epoch, m.Error);
            device.Failed("exchange", m.Error);
            return;
        }

        preparation.Connected = true;
        transfer.Begin();
        TryReady();
    }

    private void AskAgain(TimeSpan? after)
    {
        Timers.Cancel(nameof(FetchTick));
        if (after is { } time)
        {
            Timers.StartSingleTimer(nameof(FetchTick), new FetchTick(device.Context!.Epoch), time);
        }
    }

    private void TryReady()
    {
        if (preparation is not { Connected: true } begun || !transfer.IsRestored)
        {
            return;
        }

        EpochContext context = device.Context!;
        if (!begun.Attached)
        {
            begun.Attached = true;
            begun.FetchMs = Stopwatch.GetElapsedTime(begun.Begun).TotalMilliseconds;
            device.Services.Gate.Open(context.Epoch);
            children.Attach(device, LocalRanks());
        }

        if (children.AreStarting)
        {
            // A child has not started yet: its announcement is on this lane ahead of the repeated message.
            Self.Tell(new ReadyYet(context.Epoch));
            return;
        }

        preparation = null;
        if (context.Message.Save is { } save)
        {
            var plan = new SnapshotPlan(context.Spec, save);
            foreach (UnitState unit in device.Store!.Units)
            {
                Snapshot(context, unit, plan, context.Message.RestoreStep);
            }

            node.Vault.Go();
        }

        double restoreMs = Stopwatch.GetElapsedTime(begun.Begun).TotalMilliseconds - begun.FetchMs;
        device.Answer(new EpochPrepared(context.Epoch, node.Incarnation, null, begun.FetchMs, restoreMs, children.Incarnations(), begun.Live, []));
    }

    private void OnStart(StartSteps m)
    {
        if (connecting is null || !device.Orders.IsNewStep(m.Step))
        {
            device.AnswerAgain(m.Epoch);
            return;
        }

        training.Begin(m.Step);
    }

    private void OnEvaluate(EvaluateState m)
    {
        if (connecting is null || !device.Orders.TakeEvaluation(m.Step))
        {
            device.AnswerAgain(m.Epoch);
            return;
        }

        training.Evaluate(m);
    }

    private void OnTicket(Ticket ticket)
    {
        if (IsCurrent(ticket.Header.Epoch) && device.Store is not null && device.Orders.IsNewest(ticket.Header.Epoch))
        {
            switch (ticket.Header.Purpose)
            {
                case Purpose.StateRequest:
                    transfer.OnRequest(ticket);
                    return;
                case Purpose.StatePiece:
                    transfer.OnPiece(ticket);
                    return;
                case Purpose.CopyGradient when device.Services.Gate.Admits(ticket.Header.Epoch):
                    transfer.OnCopyGradient(ticket);
                    return;
            }
        }

        training.TakeWeights(ticket);
    }

    private void Quiesce(string reason)
    {
        device.Services.Gate.Close();
        if (device.Context is { } context)
        {
            log.Info("epoch {0} ends here: {1}", context.Epoch, reason);
            children.TellAll(new Quiesce(context.Epoch));
        }

        connecting?.Cancel();
        connecting?.Dispose();
        connecting = null;
        preparation = null;
        transfer.Stop();
        training.Drop();
        node.Vault.Go();
    }

    private void OnEndRun(EndRun m)
    {
        Quiesce($"the run ended: {m.Outcome}");
        children.StopAll();
        device.Close();
        node.Vault.Clear();
        device.Context = null;
        node.Flight.Enter(Phase.Idle, m.Epoch, 0);
    }

    private double Snapshot(EpochContext epoch, UnitState unit, SnapshotPlan plan, long completed)
    {
        long begun = Stopwatch.GetTimestamp();
        node.Flight.Enter(Phase.Snapshot, epoch.Epoch, completed);
        UnitSnapshot snapshot = plan.Take(node.Vault, epoch, unit, completed, device.Store!.Units.Count);
        unit.Snapshot = snapshot.Job;
        node.Vault.Begin(snapshot);
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }
}
