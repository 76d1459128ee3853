using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Training;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>A message of the data plane.</summary>
internal readonly record struct SimTicket(FrameHeader Header, ulong Payload);

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

    protected ulong? Reduced { get; set; }

    protected int Ranks => world.Layout.Ranks;

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
        (Context, Step, Reduced) = (null, -1, null);
        Abandon();
    }

    public void OnTicket(SimTicket ticket)
    {
        if (!IsCurrent(ticket.Header.Epoch) || ticket.Header.Step < Step || Throws(null))
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
        if (!IsCurrent(decision.Epoch) || decision.Step != Step || Reduced is not { } reduced || Throws(decision))
        {
            return;
        }

        if (!decision.Skip)
        {
            Unit.Apply(Step, decision.GradientScale, decision.LearningRate, reduced);
        }

        Reduced = world.Seams.ForgetsReduced ? null : reduced;
        world.Oracle.Updated(process, decision.Epoch, Step, Unit);
        OnUpdated();
        snapshot?.Invoke(Unit);
        int epoch = decision.Epoch;
        long step = Step;
        process.Device.Post(() => process.Device.OnUpdated(epoch, step, Unit.Id.Kind));
        AfterUpdate();
    }

    protected void OpenStep(long step)
    {
        Step = step;
        foreach (SimTicket ticket in early.Where(t => t.Header.Step == step).ToArray())
        {
            early.Remove(ticket);
            OnTicket(ticket);
        }
    }

    protected void Send(Purpose purpose, Endpoint from, Endpoint to, ulong payload, int micro = 0) =>
        world.Net.Send(process, Context!.Frame(purpose, Step, from, to, micro), payload);

    protected void Tell(Action deviceHandles) => process.Device.Post(deviceHandles);

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

    /// <summary>A doomed actor throws: at a decision in the middle of the update. Its supervisor restarts it with nothing.</summary>
    private bool Throws(StepDecision? decision)
    {
        if (!Doomed && !(DoomedToTear && decision is { Skip: false }))
        {
            return false;
        }

        (Doomed, DoomedToTear) = (false, false);
        if (decision is { Skip: false })
        {
            Unit.Tear();
        }

        Leave();
        Incarnation = world.Random.NextInt64(1, long.MaxValue);
        process.Device.Post(() => process.Device.OnActorFailed(name));
        return true;
    }
}
