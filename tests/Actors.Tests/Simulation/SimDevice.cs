using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// The device of a node as the product has it, its tensors replaced by hashes: <see cref="EpochGate"/>, <see cref="OrderBook"/> and <see cref="StepProgress"/> are the product's
/// own and decide what a message may still do.
/// </summary>
internal sealed class SimDevice(SimWorld world, SimProcess process)
{
    private const long Patience = 10 * SimClock.Second;

    private readonly SortedDictionary<string, SimActor> actors = new(StringComparer.Ordinal);
    private readonly OrderBook orders = new();
    private readonly List<RankReport> evaluated = [];
    private readonly SimMailbox mail = new(world, process);
    private EpochContext? context;
    private StepProgress? progress;
    private object? connecting;

    public EpochGate Gate { get; } = new();

    public SimStore? Store { get; private set; }

    public void Post(Action handle) => mail.Post(handle);

    public SimActor? Actor(int index) => actors.Count == 0 ? null : actors.Values.ElementAt(index % actors.Count);

    public void OnOrder(IControlMessage order)
    {
        switch (order)
        {
            case PrepareEpoch m:
                OnPrepare(m);
                break;
            case AbortEpoch m when context?.Epoch == m.Epoch:
                Quiesce();
                break;
            case EndRun m when context is null || m.Epoch >= context.Epoch:
                Quiesce();
                (Store, context) = (null, null);
                actors.Clear();
                process.Vault.GoBack(-1, _ => false);
                break;
            case StartSteps m when context?.Epoch == m.Epoch:
                if (connecting is null || !orders.IsNewStep(m.Step))
                {
                    AnswerAgain(m.Epoch);
                    return;
                }

                BeginStep(m.Step);
                break;
            case StepDecision m when context?.Epoch == m.Epoch:
                OnDecision(m);
                break;
            case EvaluateState m when context?.Epoch == m.Epoch:
                OnEvaluate(m);
                break;
        }
    }

    public void OnTicket(SimTicket ticket)
    {
        Endpoint to = Endpoint.FromPacked(ticket.Header.Destination);
        if (to.Kind == EndpointKind.Device)
        {
            Post(() => OnWeights(ticket));
        }
        else if (actors.TryGetValue(to.Kind == EndpointKind.Rank ? $"rank-{to.Rank}" : $"expert-shard-0-{to.Rank}", out SimActor? actor))
        {
            actor.Mail.Post(() => actor.OnTicket(ticket));
        }
    }

    public void OnReduced(int epoch, long step, UnitReport unit, RankReport? rank)
    {
        if (context?.Epoch == epoch && progress?.Step == step && progress.Reduced(unit, rank))
        {
            var report = new StepReport(epoch, step, process.Identity.Incarnation, [.. progress.Ranks], [.. progress.Units], 0);
            world.Oracle.Reported(report);
            Answer(report);
        }
    }

    public void OnUpdated(int epoch, long step, UnitKind kind)
    {
        if (context?.Epoch == epoch && progress?.Step == step)
        {
            progress.Updated(kind);
            TryGoOn();
        }
    }

    public void OnRankEvaluated(int epoch, long step, RankReport report)
    {
        if (context?.Epoch != epoch)
        {
            return;
        }

        evaluated.Add(report);
        if (evaluated.Count == actors.Values.OfType<SimRank>().Count())
        {
            Answer(new EvaluationReport(epoch, step, process.Identity.Incarnation, [.. evaluated]));
        }
    }

    public void OnActorFailed(string name) => Answer(new NodeFault(context?.Epoch ?? 0, process.Identity.Incarnation, name, "injected"));

    private void OnPrepare(PrepareEpoch m)
    {
        if (!orders.IsNew(m.Epoch))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        orders.Begin(m.Epoch);
        Quiesce();
        RunSpec spec = world.Setup.Spec;
        context = new EpochContext(m, spec, m.Nodes.ToList().FindIndex(n => n.Incarnation == process.Identity.Incarnation));
        ExchangeTable table = EpochTables.Of(context);
        EpochState.Check(table);
        process.Exchange = new EpochState(table, new PeerLink?[table.Peers.Count]);
        Store ??= new SimStore(world.Layout);
        int[] ranks = [.. Enumerable.Range(0, world.Layout.Ranks).Where(context.IsLocal)];

        // The lane reads for a while; what comes meanwhile waits in the mailbox.
        mail.Work(world.Random.NextInt64(1, world.Setup.Storage), () => Restore(m, ranks));
    }

    private void Restore(PrepareEpoch m, int[] ranks)
    {
        Store!.Hold(ranks);
        process.Vault.GoBack(m.RestoreStep, unit => ranks.Contains(world.Layout.Order.OwnerRank(unit)));
        IReadOnlyList<DamagedState> damaged = new SimRestore(world, process, Store).Run(m, out bool live);
        if (damaged.Count > 0)
        {
            Answer(new EpochPrepared(m.Epoch, process.Identity.Incarnation, null, 0, 0, [], false, damaged));
            return;
        }

        world.Oracle.Restored(process, m, Store, live);
        world.Oracle.Opened(process, m.Epoch);
        Gate.Open(m.Epoch);
        AttachActors(ranks);
        connecting = new object();
        Connect(connecting, m.Epoch, world.Clock.Now + Patience, live);
    }

    private void AttachActors(int[] ranks)
    {
        var wanted = new HashSet<string>();
        foreach (int rank in ranks)
        {
            Attach(new SimRank(world, process, rank), UnitId.Dense(rank));
            Attach(new SimShard(world, process, rank), world.Layout.ShardOf(rank));
        }

        foreach (string gone in actors.Keys.Where(k => !wanted.Contains(k)).ToArray())
        {
            actors.Remove(gone);
        }

        void Attach(SimActor made, UnitId unit)
        {
            wanted.Add(made.Name);
            if (!actors.TryGetValue(made.Name, out SimActor? actor))
            {
                actors.Add(made.Name, actor = made);
            }

            (EpochContext epoch, SimUnit lent) = (context!, Store![unit]);
            actor.Mail.Post(() => actor.Attach(epoch, lent));
        }
    }

    private void Connect(object token, int epoch, long deadline, bool live)
    {
        if (!ReferenceEquals(connecting, token))
        {
            return;
        }

        string? missing = world.Net.Connect(process);
        if (missing is not null && world.Clock.Now < deadline)
        {
            process.In(world.Random.NextInt64(20, 80) * SimClock.Millisecond, () => Connect(token, epoch, deadline, live));
            return;
        }

        Post(() =>
        {
            if (context?.Epoch != epoch || connecting is null)
            {
                return;
            }

            Answer(missing is null
                ? new EpochPrepared(epoch, process.Identity.Incarnation, null, 0, 0, [.. actors.Values.Select(a => new ActorIncarnation(a.Name, a.Incarnation))], live, [])
                : new NodeFault(epoch, process.Identity.Incarnation, "exchange", $"{missing} cannot be reached"));
        });
    }

    private void BeginStep(long step)
    {
        orders.BeginStep(step);
        progress = new StepProgress(step, Store!.Units.Count, world.Layout.Ranks);
        int epoch = context!.Epoch;
        foreach (SimRank rank in actors.Values.OfType<SimRank>())
        {
            rank.Mail.Post(() => rank.BeginStep(epoch, step));
        }
    }

    private void OnDecision(StepDecision m)
    {
        if (progress is null || !world.Seams.IsNew(progress, m))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        Store!.Step = world.Seams.StepWhileUpdating(Store.Step);
        process.Vault.Committed(m.Committed);
        (int epoch, long completed, int units) = (m.Epoch, m.Step + 1, Store.Units.Count);
        Action<SimUnit>? snapshot = m.Checkpoint is { } order ? unit => Snapshot(unit, order, epoch, completed, units) : null;
        foreach (SimActor actor in actors.Values)
        {
            actor.Mail.Post(() => actor.OnDecision(m, snapshot));
        }
    }

    private void Snapshot(SimUnit unit, CheckpointOrder order, int epoch, long completed, int units)
    {
        bool all = order.Complete || unit.Id.Kind == UnitKind.Dense;
        foreach (SimPart part in unit.Parts.Where(p => world.Setup.Spec.Checkpoint.KeepsSnapshots && (all || order.Snapshot[0].Contains(p.Expert))))
        {
            process.Vault.Keep(part, completed, unit[part]);
        }

        process.Writer.Queue(new SimSnapshot(
            epoch, completed, unit.Id, units, [.. unit.Parts.Where(p => all || order.Persist[0].Contains(p.Expert)).Select(p => (p, unit[p]))]));
    }

    private void OnWeights(SimTicket ticket)
    {
        if (context?.Epoch != ticket.Header.Epoch || progress?.Step != ticket.Header.Step)
        {
            return;
        }

        // The sender knows a decision that may not have come here yet: from now on the state is of no step.
        Store!.Step = -1;
        Store.Dense[Endpoint.FromPacked(ticket.Header.Source).Rank] = ticket.Payload;
        progress.DensePiece();
        TryGoOn();
    }

    private void TryGoOn()
    {
        if (!progress!.IsDone)
        {
            return;
        }

        (long step, AfterStep after) = (progress.Step, progress.Decision!.After);
        progress = null;
        (Store!.Step, Store.Restored) = (step + 1, false);
        world.Oracle.StepDone(process, context!.Epoch, step, Store);
        if (after == AfterStep.Continue)
        {
            BeginStep(step + 1);
        }
        else
        {
            Answer(new StepApplied(context.Epoch, step, process.Identity.Incarnation));
        }
    }

    private void OnEvaluate(EvaluateState m)
    {
        if (connecting is null || !orders.TakeEvaluation(m.Step))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        evaluated.Clear();
        foreach (SimRank rank in actors.Values.OfType<SimRank>())
        {
            rank.Mail.Post(() => rank.BeginEvaluation(m.Epoch, m.Step));
        }
    }

    private void Quiesce()
    {
        world.Oracle.Closed(process);
        world.Seams.Close(Gate);
        if (context is not null)
        {
            foreach (SimActor actor in actors.Values)
            {
                actor.Mail.Post(actor.Leave);
            }
        }

        (connecting, progress) = (null, null);
    }

    private void Answer(IControlMessage answer)
    {
        orders.Answered(answer);
        world.Net.ToCoordinator(process, answer);
    }

    private void AnswerAgain(int epoch)
    {
        if (orders.Again(epoch) is { } answer)
        {
            world.Net.ToCoordinator(process, answer);
        }
    }
}
