using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>The device's part of a recovery: what it holds, what it brings to the recovery point by itself, what it fetches from others and others from it.</summary>
internal sealed partial class SimDevice
{
    private const long AskAgain = 40 * SimClock.Millisecond;

    private readonly FetchProgress fetches = new();
    private DecidedUpdate? lastDecided;
    private Preparation? preparation;
    private long fetchedAt;

    private sealed class Preparation
    {
        public required bool Live { get; init; }

        public bool Connected { get; set; }
    }

    private void OnAskHoldings(AskHoldings m)
    {
        if (!orders.IsNew(m.Epoch))
        {
            return;
        }

        Quiesce();
        Copies.Drain();
        world.Net.ToCoordinator(process, OwnState.Say(m, process.Identity.Incarnation, Store is null ? [] : [.. Store.Units, .. Store.Leaving], Copies.Book.All, lastDecided));
    }

    private void Prepare()
    {
        PrepareEpoch m = context!.Message;
        Store ??= new SimStore(world.Layout);
        int[] ranks = [.. Enumerable.Range(0, world.Layout.Ranks).Where(context.IsLocal)];
        Store.Hold(ranks, [.. m.Sources.Where(s => s.Node == context.Self && s.Rung == RestoreRung.Live).Select(s => s.Unit)]);
        process.Vault.GoBack(m.RestoreStep, unit => ranks.Contains(world.Layout.Order.OwnerRank(unit)));
        HashSet<int> owners = [.. context.Copies.OwnersAt(context.Self)];
        UnitOrder order = world.Layout.Order;
        Copies.Book.Want(
            Enumerable.Range(0, order.Units.Count).Where(o => owners.Contains(context.NodeOf(order.Units[o]))), ordinal => new SimCopy(ordinal, world.Layout.Content(ordinal)));
        IReadOnlyList<DamagedState> damaged = Restore(m, out bool live);
        if (damaged.Count > 0)
        {
            Answer(new EpochPrepared(m.Epoch, process.Identity.Incarnation, null, 0, 0, [], false, damaged));
            return;
        }

        preparation = new Preparation { Live = live };
        fetches.Begin(FetchProgress.Lacking(context, order, Store.Units, Copies.Book.Missing(m.RestoreStep)));
        connecting = new object();
        Connect(connecting, m.Epoch, world.Clock.Now + world.Seams.Patience);
    }

    private IReadOnlyList<DamagedState> Restore(PrepareEpoch m, out bool live)
    {
        (live, DamagedState? lost) = OwnState.Bring(m, context!.Self, [.. Store!.Units, .. Store.Leaving], unit => (Rolls(unit, m), null));
        if (lost is not null)
        {
            return [lost];
        }

        Copies.RollTo(m.RestoreStep, m.Redo);
        foreach (SimCopy copy in Copies.Book.Missing(m.RestoreStep).ToArray())
        {
            copy.Step = -1;
        }

        if (m.Sources.Count > 0)
        {
            foreach (SimUnit unit in Store.Units.Where(u => u.Step != m.RestoreStep))
            {
                unit.IsAt(-1);
            }

            return [];
        }

        live = live && LiveState.MayStay(world.Setup.Spec, Store.Restored);
        return live ? [] : new SimRestore(world, process, Store).Run(m);
    }

    private bool Rolls(SimUnit unit, PrepareEpoch m)
    {
        if (RollForward.Misses(unit.Step, unit.HasGradient, m.RestoreStep, m.Redo))
        {
            (ulong reduced, int epoch) = (unit.Reduced!.Value, unit.ReducedIn);
            world.Seams.RollForward(unit, m.Redo!, () => Pass(unit, m.Redo!, reduced));
            world.Oracle.Rolled(epoch, m.Redo!.Step, unit);
        }

        return unit.Step == m.RestoreStep;
    }

    private void Pass(SimUnit unit, DecidedUpdate decided, ulong reduced)
    {
        unit.Content.Pass(decided, reduced);
        Store!.Publish(unit);
    }

    private void Connect(object token, int epoch, long deadline)
    {
        if (!ReferenceEquals(connecting, token))
        {
            return;
        }

        string? missing = world.Net.Connect(process);
        if (missing is not null && world.Clock.Now < deadline)
        {
            process.In(world.Random.NextInt64(20, 80) * SimClock.Millisecond, () => Connect(token, epoch, deadline));
            return;
        }

        Post(() =>
        {
            if (context?.Epoch != epoch || connecting is null || preparation is null)
            {
                return;
            }

            if (missing is not null)
            {
                Answer(new NodeFault(epoch, process.Identity.Incarnation, "exchange", $"{missing} cannot be reached"));
                return;
            }

            preparation.Connected = true;
            fetchedAt = world.Clock.Now;
            Ask(epoch);
            TryReady();
        });
    }

    private void Ask(int epoch)
    {
        if (context?.Epoch != epoch || fetches.Left.Count == 0)
        {
            return;
        }

        if (world.Clock.Now - fetchedAt > world.Seams.Patience)
        {
            fetches.Clear();
            Answer(new NodeFault(epoch, process.Identity.Incarnation, "exchange", "no state came"));
            return;
        }

        var me = new Endpoint(EndpointKind.Device, 0, context.Self);
        foreach (StateFetch fetch in fetches.Unanswered)
        {
            world.Net.Send(
                process, context.Frame(Purpose.StateRequest, context.Message.RestoreStep, me, new Endpoint(EndpointKind.Device, 0, fetch.Node), layer: fetch.Unit), fetch.Kind == FetchKind.Weights ? 1u : 0);
        }

        process.In(AskAgain, () => Post(() => Ask(epoch)));
    }

    private void TryReady()
    {
        if (preparation is not { Connected: true } begun || !fetches.IsRestored)
        {
            return;
        }

        PrepareEpoch m = context!.Message;
        preparation = null;
        world.Oracle.Restored(process, m, Store!, begun.Live);
        world.Oracle.Opened(process, m.Epoch);
        Gate.Open(m.Epoch);
        AttachActors([.. Enumerable.Range(0, world.Layout.Ranks).Where(context.IsLocal)]);
        if (m.Save is { } save)
        {
            foreach (SimUnit unit in Store!.Units)
            {
                Snapshot(unit, save, m.Epoch, m.RestoreStep, Store.Units.Count);
            }
        }

        Answer(new EpochPrepared(m.Epoch, process.Identity.Incarnation, null, 0, 0, [.. actors.Values.Select(a => new ActorIncarnation(a.Name, a.Incarnation))], begun.Live, []));
    }

    private void OnOwnTicket(SimTicket ticket)
    {
        if (context?.Epoch == ticket.Header.Epoch && Store is not null && orders.IsNewest(ticket.Header.Epoch))
        {
            switch (ticket.Header.Purpose)
            {
                case Purpose.StateRequest:
                    fetches.On(new FetchQuestion(Endpoint.FromPacked(ticket.Header.Source).Rank, ticket.Header.Layer, ticket.Payload == 1), Serve);
                    return;
                case Purpose.StatePiece:
                    OnPiece(ticket);
                    return;
                case Purpose.CopyGradient when Gate.Admits(ticket.Header.Epoch):
                    if (Copies.Add(ticket.Header.Layer, ticket.Header.Step, ticket.Payload))
                    {
                        TryReport();
                    }

                    return;
            }
        }

        OnWeights(ticket);
    }

    private bool Serve(FetchQuestion question)
    {
        long step = context!.Message.RestoreStep;
        IHeldState? source = world.Seams.Source(Store!.Find(question.Unit), Copies.Book.Find(question.Unit), step, question.Weights);
        if (source is null)
        {
            return false;
        }

        FrameHeader Frame(int slot) => context.Frame(
            Purpose.StatePiece, step, new Endpoint(EndpointKind.Device, 0, context.Self), new Endpoint(EndpointKind.Device, 0, question.Node), slot, question.Unit);
        SimContent content = source is SimUnit unit ? unit.Content : ((SimCopy)source).Content;
        for (int slot = 0; slot < SimContent.Slots && !question.Weights; slot++)
        {
            world.Net.Send(process, Frame(slot), 0, content);
        }

        if (question.Weights)
        {
            world.Net.Send(process, Frame(StatePieces.Weights), 0, content);
        }

        return true;
    }

    private void OnPiece(SimTicket ticket)
    {
        (int ordinal, int slot) = (ticket.Header.Layer, ticket.Header.Micro);
        StateFetch? fetch = fetches.Find(ordinal, slot == StatePieces.Weights);
        if (fetch is null || ticket.Header.Step != context!.Message.RestoreStep)
        {
            return;
        }

        fetchedAt = world.Clock.Now;
        UnitId id = world.Layout.Order.Units[ordinal];
        switch (fetch.Kind)
        {
            case FetchKind.Weights:
                Store!.Dense[id.Index] = ticket.State![0].Chain;
                break;
            case FetchKind.Copy:
                Copies.Book.Find(ordinal)!.Content.Put(slot, ticket.State!);
                break;
            default:
                Store![id].Content.Put(slot, ticket.State!);
                break;
        }

        if (fetch.Count(fetch.Kind == FetchKind.Weights ? 1 : SimContent.Slots))
        {
            Complete(fetch, id);
        }
    }

    private void Complete(StateFetch fetch, UnitId id)
    {
        long step = context!.Message.RestoreStep;
        fetches.Complete(fetch);
        switch (fetch.Kind)
        {
            case FetchKind.Copy:
                SimCopy copy = Copies.Book.Find(fetch.Unit)!;
                copy.Step = step;
                world.Oracle.Copied(process, copy);
                TryReport();
                return;
            case FetchKind.Unit:
                Store!.Publish(Store[id]);
                Store[id].IsAt(step);
                fetches.Serve(Serve);
                break;
            default:
                foreach (SimUnit holder in FetchProgress.Holders(Store!.Units, id))
                {
                    holder.Ranges[id.Index] = step;
                }

                break;
        }

        TryReady();
    }
}
