using Akka.Actor;

using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// State over the data plane when an epoch begins: who lacks something asks who has it, again and again until the first piece is here (a node that has not begun the epoch yet drops the question). What the node
/// computes with is here before it says that it is prepared; copies may come while the first step is computed, which is not reported before they are complete.
/// </summary>
internal sealed partial class DeviceActor : IWithTimers
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10), AskAtMost = TimeSpan.FromMilliseconds(160);
    private readonly FetchProgress fetches = new();
    private TimeSpan askAfter;
    private long fetchedAt;

    private sealed record FetchTick(int Epoch);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private void BeginFetching()
    {
        fetchedAt = node.Time.GetTimestamp();
        askAfter = AskAgain;
        if (fetches.Left.Count > 0)
        {
            Ask();
        }
    }

    private void StopFetching()
    {
        Timers.Cancel(nameof(FetchTick));
        fetches.Clear();
    }

    private void OnFetchTick(FetchTick m)
    {
        if (context?.Epoch != m.Epoch || fetches.Left.Count == 0)
        {
            return;
        }

        if (node.Time.GetElapsedTime(fetchedAt) is var silent && silent > node.StatePatience)
        {
            StateFetch first = fetches.Left[0];
            StopFetching();
            Answer(new NodeFault(m.Epoch, node.Incarnation, "exchange", $"no state of {store!.Order.Units[first.Unit]} came from {context.Message.Nodes[first.Node].Name} for {silent.TotalSeconds:0} s"));
            return;
        }

        Ask();
    }

    private void Ask()
    {
        var me = new Endpoint(EndpointKind.Device, 0, context!.Self);
        foreach (StateFetch fetch in fetches.Unanswered)
        {
            node.Exchange.Send(
                context.Frame(Purpose.StateRequest, context.Message.RestoreStep, me, new Endpoint(EndpointKind.Device, 0, fetch.Node), layer: fetch.Unit), [fetch.Kind == FetchKind.Weights ? 1 : 0], null);
        }

        // Who is still making its own part of a large model ready drops the questions: it is not to find thousands of them.
        Timers.StartSingleTimer(nameof(FetchTick), new FetchTick(context.Epoch), askAfter);
        askAfter = askAfter < AskAtMost ? askAfter * 2 : AskAtMost;
    }

    private void OnRequest(Ticket ticket)
    {
        var question = new FetchQuestion(Endpoint.FromPacked(ticket.Header.Source).Rank, ticket.Header.Layer, ticket.Meta is [1]);
        if (question.Unit < store!.Order.Units.Count && question.Unit >= 0)
        {
            fetches.On(question, Serve);
        }
    }

    private bool Serve(FetchQuestion question)
    {
        long step = context!.Message.RestoreStep;
        FrameHeader Frame(int slot, int piece, int pieces) => context.Frame(
            Purpose.StatePiece, step, new Endpoint(EndpointKind.Device, 0, context.Self), new Endpoint(EndpointKind.Device, 0, question.Node), slot, question.Unit, piece, pieces);

        IHeldState? source = FetchProgress.Source(store!.Find(question.Unit), copies.Find(question.Unit), step, question.Weights);
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
            StatePieces.Send(node.Exchange, (i, n) => Frame(StatePieces.Weights, i, n), range, []);
            return true;
        }

        (Compute.Optimization.OptimizerShard State, UnitSteps Steps) found = source is UnitState live ? (live.Optimizer, live.Steps) : (((PeerCopy)source).State, ((PeerCopy)source).Steps);

        if (IsAltered(found.State.Altered(), source is UnitState altered ? altered.Altered : ((PeerCopy)source).Altered))
        {
            return false;
        }

        StatePieces.Send(node.Exchange, (i, n) => Frame(0, i, n), found.State.Master, found.Steps.Pack());
        StatePieces.Send(node.Exchange, (i, n) => Frame(1, i, n), found.State.First, []);
        StatePieces.Send(node.Exchange, (i, n) => Frame(2, i, n), found.State.Second, []);
        return true;
    }

    /// <summary>Nothing unverified is handed on: what has changed in memory since its update is given up, and another epoch finds another source.</summary>
    private bool IsAltered(string? altered, Func<string, Exception> giveUp)
    {
        if (altered is not null)
        {
            Answer(new NodeFault(context!.Epoch, node.Incarnation, "device-0", giveUp(altered).Message));
        }

        return altered is not null;
    }

    private void OnPiece(Ticket ticket)
    {
        (int ordinal, int slot, int piece) = (ticket.Header.Layer, ticket.Header.Micro, ticket.Header.Chunk);
        StateFetch? fetch = fetches.Find(ordinal, slot == StatePieces.Weights);
        if (fetch is null || ticket.Header.Step != context!.Message.RestoreStep)
        {
            ticket.Discard();
            return;
        }

        fetchedAt = node.Time.GetTimestamp();
        using (Tensor? content = Arrival.On(ticket.Take(), store!.Device))
        {
            if (!Put(fetch, slot, piece, content) || (slot == 0 && piece == 0 && !StepsOf(fetch).Unpack(ticket.Meta)))
            {
                StopFetching();
                Answer(new NodeFault(context.Epoch, node.Incarnation, "exchange", $"what came as the state of {store.Order.Units[ordinal]} is not of its shape"));
                return;
            }
        }

        long count = store.Order.ShardOf(store.Order.Units[ordinal]).Count;
        if (fetch.Count(StatePieces.Of(count) * (fetch.Kind == FetchKind.Weights ? 1 : 3)))
        {
            Complete(fetch);
        }
    }

    private UnitSteps StepsOf(StateFetch fetch) => fetch.Kind == FetchKind.Copy ? copies.Find(fetch.Unit)!.Steps : store!.Find(fetch.Unit)!.Steps;

    private bool Put(StateFetch fetch, int slot, int piece, Tensor? content)
    {
        UnitId id = store!.Order.Units[fetch.Unit];
        if (fetch.Kind == FetchKind.Weights)
        {
            (long begin, long count) = store.Order.ShardOf(id);
            return FetchProgress.Holders(store.Units, id).Where(h => h.Id != id).DistinctBy(h => h.Weights).All(holder =>
            {
                FinishSnapshotsOf(holder);
                using Tensor range = holder.Weights.narrow(0, begin, count);
                return StatePieces.Put(range, piece, content);
            });
        }

        Compute.Optimization.OptimizerShard target = fetch.Kind == FetchKind.Copy ? copies.Find(fetch.Unit)!.State : store[id].Optimizer;
        if (fetch.Kind == FetchKind.Unit)
        {
            FinishSnapshotsOf(store[id]);
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
        foreach (UnitState other in unit is DenseUnit ? store!.Units.Where(u => u is DenseUnit) : [unit])
        {
            other.FinishSnapshot();
        }
    }

    private void Complete(StateFetch fetch)
    {
        long step = context!.Message.RestoreStep;
        UnitId id = store!.Order.Units[fetch.Unit];
        fetches.Complete(fetch);
        switch (fetch.Kind)
        {
            case FetchKind.Copy:
                copies.Find(fetch.Unit)!.Step = step;
                copies.Find(fetch.Unit)!.State.Seal();
                TryReport();
                return;
            case FetchKind.Unit:
                store[id].Optimizer.PublishMaster();
                store[id].IsAt(step);
                store[id].Guard.Restored(store[id]);
                fetches.Serve(Serve);
                break;
            default:
                foreach (UnitState holder in FetchProgress.Holders(store.Units, id))
                {
                    holder.Ranges[id.Index] = step;
                    holder.Guard.Seal(id.Index, step);
                }

                break;
        }

        TryReady();
    }
}
