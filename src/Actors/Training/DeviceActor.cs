using System.Diagnostics;

using Akka.Actor;
using Akka.Event;

using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// Supervisor of one device and its compute thread. Owns the live tensors' store, so that state outlives the actors that work on it; gives
/// each logical rank and expert shard placed here an actor; gathers their reports into one message per node and step.
/// </summary>
internal sealed partial class DeviceActor : ReceiveActor
{
    private readonly NodeServices node;
    private readonly DeviceServices services;
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Dictionary<string, (IActorRef Actor, long Incarnation)> actors = [];
    private readonly HashSet<IActorRef> stopping = [];
    private CancellationTokenSource? connecting;
    private EpochContext? context;
    private DeviceStore? store;
    private BatchReader? batches;
    private Corpus? corpus;

    public DeviceActor(NodeServices node)
    {
        this.node = node;
        IActorRef self = Self;
        copies = new PeerCopies(reason => self.Tell(new CopyFailed(reason)));
        services = new DeviceServices(node.Exchange, node.Flight, new LaneClock(node.Time), new EpochGate(), Snapshot, node.Trace) { Updating = node.Updating };
        Receive<PrepareEpoch>(OnPrepare);
        Receive<Connected>(m => context?.Epoch == m.Epoch, OnConnected);
        Receive<ActorCreated>(m => actors[m.Name] = (m.Actor, m.Incarnation));
        Receive<AskHoldings>(OnAskHoldings);
        Receive<GetReady>(OnGetReady);
        Receive<FetchTick>(OnFetchTick);
        Receive<ReadyYet>(m => context?.Epoch == m.Epoch, _ => TryReady());
        Receive<CopyFailed>(m =>
        {
            if (context is not null)
            {
                Answer(new NodeFault(context.Epoch, node.Incarnation, "peer-copies", m.Reason));
            }
        });
        Receive<AbortEpoch>(m => context?.Epoch == m.Epoch, m => Quiesce(m.Reason));
        Receive<EndRun>(m => context is null || m.Epoch >= context.Epoch, OnEndRun);
        Receive<Terminated>(m => stopping.Remove(m.ActorRef));
        Receive<StartSteps>(m => context?.Epoch == m.Epoch, OnStart);
        Receive<UnitReduced>(m => context?.Epoch == m.Epoch, OnReduced);
        Receive<StepDecision>(m => context?.Epoch == m.Epoch, OnDecision);
        Receive<UnitUpdated>(m => context?.Epoch == m.Epoch, OnUpdated);
        Receive<EvaluateState>(m => context?.Epoch == m.Epoch, OnEvaluate);
        Receive<RankEvaluated>(m => context?.Epoch == m.Epoch, OnRankEvaluated);
        Receive<Ticket>(OnTicket);
        ReceiveAny(_ => { });
    }

    /// <summary>The data plane is connected for the epoch, or not.</summary>
    private sealed record Connected(int Epoch, string? Error);

    protected override void PreStart()
    {
        // First torch call of this thread: its thread count is part of the logical layout (DT-1).
        ThreadSettings.Apply(1);
    }

    protected override void PostStop()
    {
        connecting?.Dispose();
        copies.Dispose();
        store?.Dispose();
        corpus?.Dispose();
    }

    /// <summary>A failed actor is restarted alone with a new incarnation; the coordinator begins an epoch in which it gets its unit back.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(
        maxNrOfRetries: 20,
        withinTimeRange: TimeSpan.FromMinutes(10),
        localOnlyDecider: reason =>
        {
            string name = Sender.Path.Name;
            log.Error(reason, "{0} failed", name);
            Answer(new NodeFault(context?.Epoch ?? 0, node.Incarnation, name, reason.Message) { Cause = Diagnostics.FailureCauses.Of(reason) });
            return Directive.Restart;
        });

    private void OnPrepare(PrepareEpoch m)
    {
        if (!orders.IsNew(m.Epoch))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        foreach (string name in actors.Keys.Where(n => m.Fresh.Contains(RankOf(n))).ToArray())
        {
            Stop(name);
        }

        if (stopping.Count > 0)
        {
            // The names of actors that are about to end are free once they have; they do it on this lane.
            Self.Forward(m);
            return;
        }

        orders.Begin(m.Epoch);
        Quiesce($"epoch {m.Epoch} begins");
        node.Flight.Enter(Phase.Recovery, m.Epoch, m.RestoreStep);
        try
        {
            Prepare(m);
        }
        catch (Exception e) when (IsForPeople(e))
        {
            Answer(new EpochPrepared(m.Epoch, node.Incarnation, e.Message, 0, 0, []) { Cause = Diagnostics.FailureCauses.Of(e) });
        }
    }

    /// <summary>What the node cannot do, in one sentence of its own.</summary>
    private static bool IsForPeople(Exception e) =>
        e is SpecException or CheckpointException or CorpusException or IOException or UnauthorizedAccessException or InsufficientMemoryException;

    private void Prepare(PrepareEpoch m)
    {
        var begun = new Preparation { Begun = Stopwatch.GetTimestamp() };
        RunSpec spec = RunSpec.FromJson(m.SpecJson);
        int self = m.Nodes.ToList().FindIndex(n => n.Incarnation == node.Incarnation);
        context = new EpochContext(m, spec, self);
        node.Exchange.Register(new Endpoint(EndpointKind.Device, 0, self), Self);
        node.Exchange.BeginEpoch(EpochTables.Of(context));
        if (store is null || Lineageless(store.Spec, spec))
        {
            OpenRun(spec);
        }

        int[] ranks = Enumerable.Range(0, spec.Layout.Ranks).Where(context.IsLocal).ToArray();
        store!.Hold(ranks, [.. m.Sources.Where(s => s.Node == self && s.Rung == RestoreRung.Live).Select(s => s.Unit)]);
        node.Vault.GoBack(m.RestoreStep, unit => ranks.Contains(UnitOrder.OwnerRank(spec.Layout, unit)));
        WantCopies();
        IReadOnlyList<DamagedState> damaged = Restore(m, spec, out bool live);
        if (damaged.Count > 0)
        {
            Answer(new EpochPrepared(m.Epoch, node.Incarnation, null, 0, 0, [], false, damaged));
            return;
        }

        node.Vault.Reserve(() => SnapshotReserve.Of(spec, ranks), text => log.Info("epoch {0}: {1}", m.Epoch, text));
        node.Flight.Enter(Phase.Recovery, m.Epoch, m.RestoreStep);
        begun.Live = live;
        preparation = begun;
        fetches.Begin(FetchProgress.Lacking(context, store.Order, store.Units, copies.Missing(m.RestoreStep)));
        int epoch = m.Epoch;
        connecting = new CancellationTokenSource(node.ConnectPatience);
        node.Exchange.ConnectAsync(connecting.Token).PipeTo(
            Self,
            success: () => new Connected(epoch, null),
            failure: e => new Connected(epoch, e.GetBaseException().Message));
    }

    private static bool Lineageless(RunSpec old, RunSpec now) => Lineage.Of(old) != Lineage.Of(now);

    /// <summary>Opens another run's data and state; the actors take them over when they are attached.</summary>
    private void OpenRun(RunSpec spec)
    {
        copies.Clear();
        lastDecided = null;
        store?.Dispose();
        store = null;
        ThreadSettings.Apply(spec.Layout.ThreadsPerRank);
        MatmulPrecision.Set(spec.Training.Matmul);
        node.CheckRoom(spec);
        corpus?.Dispose();
        corpus = null;
        corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.TokenizerPlace), spec.Model.Context);
        batches = new BatchReader(spec, corpus);
        store = new DeviceStore(spec, node.Device);
        Diagnostics.LogContext.Run = spec.RunId;
    }

    private void AttachActors(int[] ranks)
    {
        LogicalLayout layout = context!.Spec.Layout;
        var wanted = new HashSet<string>();
        foreach (int rank in ranks)
        {
            string name = $"rank-{rank}";
            wanted.Add(name);
            ActorOf(name, () => new RankActor(rank, services)).Tell(
                new AttachRank(context, store!, (DenseUnit)store![UnitId.Dense(rank)], batches!));
            for (int layer = 0; layer < context.Spec.Model.MoeLayers().Count; layer++)
            {
                int ordinal = layer;
                string shard = $"expert-shard-{layer}-{rank}";
                wanted.Add(shard);
                var id = UnitId.Experts(context.Spec.Model.MoeLayers()[layer], layout.PositionOf(rank), layout.GroupOf(rank));
                ActorOf(shard, () => new ExpertShardActor(ordinal, rank, services)).Tell(new AttachShard(context, (ExpertUnit)store[id]));
            }
        }

        foreach (string gone in actors.Keys.Where(k => !wanted.Contains(k)).ToArray())
        {
            Stop(gone);
        }
    }

    private IActorRef ActorOf<T>(string name, System.Linq.Expressions.Expression<Func<T>> create)
        where T : ActorBase
    {
        IActorRef child = Context.Child(name);
        if (child.IsNobody())
        {
            child = Context.ActorOf(Props.Create(create).WithDispatcher(NodeServices.ComputeDispatcher), name);
            actors[name] = (child, 0);
        }

        return child;
    }

    // "rank-2", "expert-shard-1-2".
    private static int RankOf(string actor) => int.Parse(actor[(actor.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    private void StopActors()
    {
        foreach (string name in actors.Keys.ToArray())
        {
            Stop(name);
        }
    }

    private void Stop(string name)
    {
        stopping.Add(Context.Watch(actors[name].Actor));
        Context.Stop(actors[name].Actor);
        actors.Remove(name);
    }

    private void Quiesce(string reason)
    {
        services.Gate.Close();
        if (context is not null)
        {
            log.Info("epoch {0} ends here: {1}", context.Epoch, reason);
            foreach ((IActorRef actor, _) in actors.Values)
            {
                actor.Tell(new Quiesce(context.Epoch));
            }
        }

        connecting?.Cancel();
        connecting?.Dispose();
        connecting = null;
        preparation = null;
        StopFetching();
        progress = null;
        node.Vault.Go();
        msOfLastStep = 0;
    }

    private void OnEndRun(EndRun m)
    {
        Quiesce($"the run ended: {m.Outcome}");
        StopActors();
        copies.Clear();
        lastDecided = null;
        store?.Dispose();
        store = null;
        node.Vault.Clear();
        context = null;
        corpus?.Dispose();
        corpus = null;
        node.Flight.Enter(Phase.Idle, m.Epoch, 0);
    }

    private double Snapshot(EpochContext epoch, UnitState unit, SnapshotPlan plan, long completed)
    {
        long begun = Stopwatch.GetTimestamp();
        node.Flight.Enter(Phase.Snapshot, epoch.Epoch, completed);
        UnitSnapshot snapshot = plan.Take(node.Vault, epoch, unit, completed, store!.Units.Count);
        unit.Snapshot = snapshot.Job;
        node.Vault.Begin(snapshot);
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }
}
