using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// The device of a node as the product has it, its tensors replaced by hashes: <see cref="EpochGate"/>, <see cref="OrderDeduplication"/>, <see cref="StepProgress"/>, <see cref="OwnState"/>,
/// <see cref="FetchProgress"/> and <see cref="ReplicaSet{T}"/> are the product's own and decide what a message may still do and what state may be gone on from.
/// </summary>
internal sealed partial class SimDevice
{
    private readonly SimWorld world;
    private readonly SimProcess process;
    private readonly SortedDictionary<string, SimActor> actors = new(StringComparer.Ordinal);
    private readonly OrderDeduplication orders = new();
    private readonly SimMailbox mail;
    private EpochContext? context;
    private StepProgress? progress;
    private object? connecting;

    public SimDevice(SimWorld world, SimProcess process)
    {
        (this.world, this.process) = (world, process);
        mail = new SimMailbox(world, process);
        Copies = new SimCopies(world, process);
    }

    public EpochGate Gate { get; } = new();

    public SimStore? Store { get; private set; }

    public SimCopies Copies { get; }

    public void Post(Action handle) => mail.Post(handle);

    /// <summary>The device's handlers wait behind one that never returns; its process may end for it.</summary>
    public void Hang()
    {
        mail.Work(SimClock.Second * 100_000, static () => { });
        foreach (SimActor actor in actors.Values)
        {
            actor.Mail.Work(SimClock.Second * 100_000, static () => { });
        }

        if (world.Seams.WatchesLane)
        {
            process.In(3 * SimClock.Second, () => process.Die("its compute thread hangs"));
        }
    }

    public SimActor? Actor(int index) => actors.Count == 0 ? null : actors.Values.ElementAt(index % actors.Count);

    public void OnOrder(IControlMessage order)
    {
        switch (order)
        {
            case AskHoldings m:
                OnAskHoldings(m);
                break;
            case GetReady m:
                Store ??= new SimStore(world.Layout);
                world.Net.ToCoordinator(process, new NodeReady(m.RunKey, process.Identity.Incarnation, null));
                break;
            case PrepareEpoch m:
                OnPrepare(m);
                break;
            case AbortEpoch m when context?.Epoch == m.Epoch:
                Quiesce();
                break;
            case EndRun m when context is null || m.Epoch >= context.Epoch:
                Quiesce();
                (Store, context, lastDecided) = (null, null, null);
                actors.Clear();
                Copies.Book.Clear();
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
            Post(() => OnOwnTicket(ticket));
        }
        else if (actors.TryGetValue(NameOf(to.Kind == EndpointKind.Rank ? UnitKind.Dense : UnitKind.Experts, to.Rank), out SimActor? actor))
        {
            actor.Mail.Post(() => actor.OnTicket(ticket));
        }
    }

    public void OnActorFailed(string name) => Answer(new NodeFault(context?.Epoch ?? 0, process.Identity.Incarnation, name, "injected"));

    public void OnCopyFailed()
    {
        if (context is not null)
        {
            Answer(new NodeFault(context.Epoch, process.Identity.Incarnation, "peer-copies", "injected"));
        }
    }

    private static string NameOf(UnitKind kind, int rank) => kind == UnitKind.Dense ? $"rank-{rank}" : $"expert-shard-0-{rank}";

    private void OnPrepare(PrepareEpoch m)
    {
        if (!orders.IsNew(m.Epoch))
        {
            AnswerAgain(m.Epoch);
            return;
        }

        foreach (int rank in m.Fresh)
        {
            actors.Remove(NameOf(UnitKind.Dense, rank));
            actors.Remove(NameOf(UnitKind.Experts, rank));
        }

        orders.Begin(m.Epoch);
        Quiesce();
        context = new EpochContext(m, world.Setup.Spec, m.Nodes.ToList().FindIndex(n => n.Incarnation == process.Identity.Incarnation));
        ExchangeTable table = EpochTables.Of(context);
        EpochState.Check(table);
        process.Exchange = new EpochState(table, new PeerLink?[table.Peers.Count]);

        // The lane reads for a while; what comes meanwhile waits in the mailbox.
        mail.Work(m.Sources.Count > 0 ? 1 : world.Random.NextInt64(1, world.StorageTime), Prepare);
    }

    private void AttachActors(int[] ranks)
    {
        var wanted = new HashSet<string>();
        foreach (int rank in ranks)
        {
            Attach(NameOf(UnitKind.Dense, rank), UnitId.Dense(rank), name => new SimRank(world, process, rank, name));
            Attach(NameOf(UnitKind.Experts, rank), world.Layout.ShardOf(rank), name => new SimShard(world, process, rank, name));
        }

        foreach (string gone in actors.Keys.Where(k => !wanted.Contains(k)).ToArray())
        {
            actors.Remove(gone);
        }

        void Attach(string name, UnitId unit, Func<string, SimActor> create)
        {
            wanted.Add(name);
            if (!actors.TryGetValue(name, out SimActor? actor))
            {
                actors.Add(name, actor = create(name));
            }

            (EpochContext epoch, SimUnit lent) = (context!, Store![unit]);
            actor.Mail.Post(() => actor.Attach(epoch, lent));
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

        (connecting, progress, preparation) = (null, null, null);
        fetches.Clear();
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
