using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A message of the data plane.</summary>
/// <param name="Header">The product's frame header.</param>
/// <param name="Payload">What a tensor of it is.</param>
/// <param name="State">Of a piece of state: the memory it is read from, as late as it arrives.</param>
internal readonly record struct SimTicket(FrameHeader Header, ulong Payload, SimContent? State);

/// <summary>
/// What rank and expert shard have in common: they work on a borrowed unit in one epoch, keep what comes early, and apply a decision once to a gradient that is reduced (ST-1).
/// </summary>
internal abstract class SimActor(SimWorld world, SimProcess process, string name)
{
    private readonly List<SimTicket> early = [];

    public string Name => name;

    /// <summary>Names this life of the actor.</summary>
    public long Incarnation { get; private set; } = world.Random.NextInt64(1, long.MaxValue);

    public SimMailbox Mail { get; } = new(world, process);

    /// <summary>It throws at its next message.</summary>
    public bool Doomed { get; set; }

    /// <summary>It throws in the middle of its next update.</summary>
    public bool DoomedToTear { get; set; }

    protected SimWorld World => world;

    protected SimProcess Process => process;

    protected EpochContext? Context { get; private set; }

    protected SimUnit Unit { get; private set; } = null!;

    protected long Step { get; set; } = -1;

    protected int Ranks => world.Layout.Ranks;

    protected abstract Endpoint Me { get; }

    /// <summary>EP-1.</summary>
    public bool IsCurrent(int epoch) => Context?.Epoch == epoch && process.Device.Gate.Admits(epoch);

    public void Attach(EpochContext context, SimUnit unit)
    {
        Leave();
        (Context, Unit) = (context, unit);
        OnAttached();
    }

    public void Leave()
    {
        early.Clear();
        (Context, Step) = (null, -1);
        Abandon();
    }

    public void OnTicket(SimTicket ticket)
    {
        if (!IsCurrent(ticket.Header.Epoch) || ticket.Header.Step < Step || Throws())
        {
            return;
        }

        if (ticket.Header.Step > Step)
        {
            early.Add(ticket);
            return;
        }

        Take(ticket);
    }

    public void OnDecision(StepDecision decision, Action<SimUnit>? snapshot)
    {
        if (!IsCurrent(decision.Epoch) || decision.Step != Step || Unit.Reduced is not { } reduced || Throws())
        {
            return;
        }

        int epoch = decision.Epoch;
        long step = Step;
        try
        {
            world.Seams.Update(Unit, decision.Update, () => Pass(decision.Update, reduced));
        }
        catch (SimTear)
        {
            // Its supervisor restarts it with nothing; the unit is torn and says so.
            Fail();
            return;
        }

        if (!world.Seams.ForgetsReduced)
        {
            Unit.Keep(reduced, epoch);
        }

        world.Oracle.Updated(process, epoch, step, Unit);
        OnUpdated();
        snapshot?.Invoke(Unit);
        process.Device.Post(() => process.Device.OnUpdated(epoch, step, Unit.Id.Kind));
        AfterUpdate();
    }

    /// <summary>The unit's gradient is reduced: the unit's from now on, and on its way to the unit's copies.</summary>
    protected void Keep(ulong reduced, RankReport? rank)
    {
        Unit.Keep(reduced, Context!.Epoch);
        foreach (int host in Context.Copies.HostsOf[Context.Self])
        {
            world.Net.Send(process, Context.Frame(Purpose.CopyGradient, Unit.Step, Me, new Endpoint(EndpointKind.Device, 0, host), layer: Unit.Ordinal), reduced);
        }

        (int epoch, long step, UnitReport norm) = (Context.Epoch, Step, world.Layout.Norm(Unit.Id, Step, reduced));
        process.Device.Post(() => process.Device.OnReduced(epoch, step, norm, rank));
    }

    protected void OpenStep(long step)
    {
        Step = step;
        if (early.Count == 0)
        {
            return;
        }

        foreach (SimTicket ticket in early.Where(t => t.Header.Step == step).ToArray())
        {
            early.Remove(ticket);
            OnTicket(ticket);
        }
    }

    protected void Send(Purpose purpose, Endpoint to, ulong payload, int micro = 0) => world.Net.Send(process, Context!.Frame(purpose, Step, Me, to, micro), payload);

    /// <summary>A piece of computing: its result is used when it is done, unless the epoch is over by then.</summary>
    protected void Compute(Action then)
    {
        if (Context is null)
        {
            // It threw at a message that had come early.
            return;
        }

        int epoch = Context.Epoch;
        long step = Step;
        process.In(world.Random.NextInt64(1, world.Setup.Compute), () =>
        {
            if (IsCurrent(epoch) && Step == step)
            {
                then();
            }
        });
    }

    protected abstract void OnAttached();

    protected abstract void Abandon();

    protected abstract void Take(SimTicket ticket);

    protected virtual void OnUpdated()
    {
    }

    protected virtual void AfterUpdate()
    {
    }

    private void Pass(DecidedUpdate decided, ulong reduced)
    {
        if (DoomedToTear && !decided.Skip)
        {
            DoomedToTear = false;
            Unit.Content.Tear();
            process.Device.Store!.Publish(Unit);
            world.Oracle.Torn(process, Unit.Ordinal);
            throw new SimTear();
        }

        Unit.Content.Pass(decided, reduced);
        process.Device.Store!.Publish(Unit);
    }

    private bool Throws()
    {
        if (!Doomed)
        {
            return false;
        }

        Doomed = false;
        Fail();
        return true;
    }

    private void Fail()
    {
        Leave();
        Incarnation = world.Random.NextInt64(1, long.MaxValue);
        process.Device.Post(() => process.Device.OnActorFailed(name));
    }
}
