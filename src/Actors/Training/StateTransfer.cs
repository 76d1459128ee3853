using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// State over the data plane when an epoch begins: who lacks something asks who has it, again and again until the first piece is here (a node that has not begun the epoch yet drops the question). What the node
/// computes with is here before it says that it is prepared; copies may come while the first step is computed, which is not reported before they are complete. Used on the compute thread only.
/// </summary>
/// <param name="device">What the device's parts share.</param>
/// <param name="askAgain">Has <see cref="Ask"/> called after a time, or never where it is null; replaces what was asked for before.</param>
/// <param name="restored">Told that more of what the device computes with is here.</param>
/// <param name="covered">Told that a copy is complete.</param>
internal sealed class StateTransfer(DeviceState device, Action<TimeSpan?> askAgain, Action restored, Action covered)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10), AskAtMost = TimeSpan.FromMilliseconds(160);
    private readonly FetchProgress fetches = new();
    private TimeSpan askAfter;
    private long fetchedAt;

    private DeviceStore Store => device.Store!;

    private EpochContext Context => device.Context!;

    private NodeServices Node => device.Node;

    private PeerCopies Copies => device.Copies;

    /// <summary>Whether everything is here that the device computes with.</summary>
    public bool IsRestored => fetches.IsRestored;

    /// <summary>Notes what the device lacks of the epoch's recovery point.</summary>
    public void Lack() => fetches.Begin(FetchProgress.Lacking(Context, Store.Order, Store.Units, Copies.Missing(Context.Message.RestoreStep)));

    /// <summary>The peers are connected: asks for it.</summary>
    public void Begin()
    {
        fetchedAt = Node.Time.GetTimestamp();
        askAfter = AskAgain;
        if (fetches.Left.Count > 0)
        {
            Send();
        }
    }

    /// <summary>The epoch is over.</summary>
    public void Stop()
    {
        askAgain(null);
        fetches.Clear();
    }

    /// <summary>Asks again for what has not begun to come; gives up where nothing came for too long.</summary>
    public void Ask()
    {
        if (fetches.Left.Count == 0)
        {
            return;
        }

        if (Node.Time.GetElapsedTime(fetchedAt) is var silent && silent > Node.StatePatience)
        {
            StateFetch first = fetches.Left[0];
            Stop();
            device.Failed("exchange", $"no state of {Store.Order.Units[first.Unit]} came from {Context.Message.Nodes[first.Node].Name} for {silent.TotalSeconds:0} s");
            return;
        }

        Send();
    }

    /// <summary>Another node asks.</summary>
    public void OnRequest(Ticket ticket)
    {
        var question = new FetchQuestion(Endpoint.FromPacked(ticket.Header.Source).Rank, ticket.Header.Layer, ticket.Meta is [1]);
        if (question.Unit < Store.Order.Units.Count && question.Unit >= 0)
        {
            fetches.On(question, Serve);
        }
    }

    /// <summary>A piece of what was asked for.</summary>
    public void OnPiece(Ticket ticket)
    {
        (int ordinal, int slot, int piece) = (ticket.Header.Layer, ticket.Header.Micro, ticket.Header.Chunk);
        StateFetch? fetch = fetches.Find(ordinal, slot == StatePieces.Weights);
        if (fetch is null || ticket.Header.Step != Context.Message.RestoreStep)
        {
            ticket.Discard();
            return;
        }

        fetchedAt = Node.Time.GetTimestamp();
        using (Tensor? content = Arrival.On(ticket.Take(), Store.Device))
        {
            if (!Put(fetch, slot, piece, content) || (slot == 0 && piece == 0 && !StepsOf(fetch).Unpack(ticket.Meta)))
            {
                Stop();
                device.Failed("exchange", $"what came as the state of {Store.Order.Units[ordinal]} is not of its shape");
                return;
            }
        }

        long count = Store.Order.ShardOf(Store.Order.Units[ordinal]).Count;
        if (fetch.Count(StatePieces.Of(count) * (fetch.Kind == FetchKind.Weights ? 1 : 3)))
        {
            Complete(fetch);
        }
    }

    /// <summary>A gradient for a copy that is held here.</summary>
    public void OnCopyGradient(Ticket ticket)
    {
        (int unit, long step) = (ticket.Header.Layer, ticket.Header.Step);
        if (Copies.Add(unit, step, Arrival.On(ticket.Take(), Store.Device)))
        {
            covered();
        }
    }

    private void Send()
    {
        var me = new Endpoint(EndpointKind.Device, 0, Context.Self);
        foreach (StateFetch fetch in fetches.Unanswered)
        {
            Node.Exchange.Send(
                Context.Frame(Purpose.StateRequest, Context.Message.RestoreStep, me, new Endpoint(EndpointKind.Device, 0, fetch.Node), layer: fetch.Unit), [fetch.Kind == FetchKind.Weights ? 1 : 0], null);
        }

        // Who is still making its own part of a large model ready drops the questions: it is not to find thousands of them.
        askAgain(askAfter);
        askAfter = askAfter < AskAtMost ? askAfter * 2 : AskAtMost;
    }

    private bool Serve(FetchQuestion question)
    {
        long step = Context.Message.RestoreStep;
        FrameHeader Frame(int slot, int piece, int pieces) => Context.Frame(
            Purpose.StatePiece, step, new Endpoint(EndpointKind.Device, 0, Context.Self), new Endpoint(EndpointKind.Device, 0, question.Node), slot, question.Unit, piece, pieces);

        IHeldState? source = FetchProgress.Source(Store.Find(question.Unit), Copies.Find(question.Unit), step, question.Weights);
        if (source is null)
        {
            return false;
        }

        if (question.Weights)
        {
            var unit = (UnitState)source;
            if (IsAltered(unit.Guard.AlteredOwn(unit), unit.Altered))
            {
                return false;
            }

            using Tensor range = unit.Weights.narrow(0, unit.Begin, unit.Count);
            StatePieces.Send(Node.Exchange, (i, n) => Frame(StatePieces.Weights, i, n), range, []);
            return true;
        }

        (Compute.Optimization.OptimizerShard State, UnitSteps Steps) found = source is UnitState live ? (live.Optimizer, live.Steps) : (((PeerCopy)source).State, ((PeerCopy)source).Steps);

        if (IsAltered(found.State.Altered(), source is UnitState altered ? altered.Altered : ((PeerCopy)source).Altered))
        {
            return false;
        }

        StatePieces.Send(Node.Exchange, (i, n) => Frame(0, i, n), found.State.Master, found.Steps.Pack());
        StatePieces.Send(Node.Exchange, (i, n) => Frame(1, i, n), found.State.First, []);
        StatePieces.Send(Node.Exchange, (i, n) => Frame(2, i, n), found.State.Second, []);
        return true;
    }

    /// <summary>Nothing unverified is handed on: what has changed in memory since its update is given up, and another epoch finds another source.</summary>
    private bool IsAltered(string? altered, Func<string, Exception> giveUp)
    {
        if (altered is not null)
        {
            device.Failed("device-0", giveUp(altered).Message);
        }

        return altered is not null;
    }

    private UnitSteps StepsOf(StateFetch fetch) => fetch.Kind == FetchKind.Copy ? Copies.Find(fetch.Unit)!.Steps : Store.Find(fetch.Unit)!.Steps;

    private bool Put(StateFetch fetch, int slot, int piece, Tensor? content)
    {
        UnitId id = Store.Order.Units[fetch.Unit];
        if (fetch.Kind == FetchKind.Weights)
        {
            (long begin, long count) = Store.Order.ShardOf(id);
            return FetchProgress.Holders(Store.Units, id).Where(h => h.Id != id).DistinctBy(h => h.Weights).All(holder =>
            {
                FinishSnapshotsOf(holder);
                using Tensor range = holder.Weights.narrow(0, begin, count);
                return StatePieces.Put(range, piece, content);
            });
        }

        Compute.Optimization.OptimizerShard target = fetch.Kind == FetchKind.Copy ? Copies.Find(fetch.Unit)!.State : Store[id].Optimizer;
        if (fetch.Kind == FetchKind.Unit)
        {
            FinishSnapshotsOf(Store[id]);
        }

        return slot switch
        {
            0 => StatePieces.Put(target.Master, piece, content),
            1 => StatePieces.Put(target.First, piece, content),
            2 => StatePieces.Put(target.Second, piece, content),
            _ => false,
        };
    }

    /// <summary>Dense weights are shared by the device's ranks: none of their snapshots may see a change.</summary>
    private void FinishSnapshotsOf(UnitState unit)
    {
        foreach (UnitState other in unit is DenseUnit ? Store.Units.Where(u => u is DenseUnit) : [unit])
        {
            other.FinishSnapshot();
        }
    }

    private void Complete(StateFetch fetch)
    {
        long step = Context.Message.RestoreStep;
        UnitId id = Store.Order.Units[fetch.Unit];
        fetches.Complete(fetch);
        switch (fetch.Kind)
        {
            case FetchKind.Copy:
                Copies.Find(fetch.Unit)!.Step = step;
                Copies.Find(fetch.Unit)!.State.Seal();
                covered();
                return;
            case FetchKind.Unit:
                Store[id].Optimizer.PublishMaster();
                Store[id].IsAt(step);
                Store[id].Guard.Restored(Store[id]);
                fetches.Serve(Serve);
                break;
            default:
                foreach (UnitState holder in FetchProgress.Holders(Store.Units, id))
                {
                    holder.Ranges[id.Index] = step;
                    holder.Guard.Seal(id.Index, step);
                }

                break;
        }

        restored();
    }
}
