using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>One process of a node: what it does dies with it, and waits while it is stopped.</summary>
internal sealed class SimProcess
{
    private readonly List<Action> parked = [];
    private readonly SimWorld world;
    private readonly OrderFence fence = new();

    public SimProcess(SimWorld world, int host, NodeIdentity identity)
    {
        (this.world, Host, Identity) = (world, host, identity);
        Vault = new SimVault(world.Seams);
        Writer = new SimWriter(world, this);
        Device = new SimDevice(world, this);
    }

    public int Host { get; }

    public NodeIdentity Identity { get; }

    public bool IsDead { get; private set; }

    public bool IsStopped { get; private set; }

    /// <summary>It runs and can answer.</summary>
    public bool Answers => !IsDead && !IsStopped;

    public SimDevice Device { get; }

    public SimWriter Writer { get; }

    public SimVault Vault { get; }

    /// <summary>The coordinator, where this is the node that has it.</summary>
    public SimCoordinator? Coordinator { get; set; }

    /// <summary>The epoch's table of the exchange; null before the first.</summary>
    public EpochState? Exchange { get; set; }

    /// <summary>Something of this process happens now, or when it goes on.</summary>
    public void Do(Action run)
    {
        if (IsDead)
        {
            return;
        }

        if (IsStopped)
        {
            parked.Add(run);
            return;
        }

        try
        {
            run();
        }
        catch (SimCrash)
        {
            Die("in the middle of an operation on the disk");
        }
    }

    public void In(long delay, Action run) => world.Clock.In(delay, this, run);

    public void Die(string why)
    {
        if (!IsDead)
        {
            world.Trace?.Add(world.Clock.Now, Identity.Incarnation, $"dies: {why}");
            IsDead = true;
            parked.Clear();
            world.OnDeath(this);
        }
    }

    public void Stop()
    {
        world.Trace?.Add(world.Clock.Now, Identity.Incarnation, "stands still");
        IsStopped = true;
    }

    public void GoOn()
    {
        if (IsStopped && !IsDead)
        {
            world.Trace?.Add(world.Clock.Now, Identity.Incarnation, "goes on");
            IsStopped = false;
            Action[] waiting = [.. parked];
            parked.Clear();
            foreach (Action run in waiting)
            {
                In(0, run);
            }
        }
    }

    /// <summary>The node's guardian: says hello, lets nothing older than the newest fencing token through.</summary>
    public void SayHello()
    {
        world.Net.ToCoordinator(this, new NodeHello(Identity));
        In(SimClock.Second / 2, SayHello);
    }

    public void OnOrder(IControlMessage order)
    {
        switch (order)
        {
            case PrepareEpoch m when !world.Seams.Admits(fence, m.Fence):
                world.Trace?.Add(world.Clock.Now, Identity.Incarnation, $"ignores epoch {m.Epoch} of an older coordinator");
                break;
            case AskHoldings m when !world.Seams.Admits(fence, m.Fence):
                break;
            case GetReady m when !world.Seams.Admits(fence, m.Fence):
                break;
            case AskProgress m:
                world.Net.ToCoordinator(this, new NodeProgress(m.Epoch, m.Step, Identity.Incarnation, 0, "waits", 0));
                break;
            case EndNode m:
                if (world.Seams.Admits(fence, m.Fence))
                {
                    Die(m.Reason);
                }

                break;
            case HelloAnswer { Refusal: { } refusal }:
                Die($"refused: {refusal}");
                break;
            case HelloAnswer:
                break;
            case AskPersisted m:
                Writer.OnAsked(m);
                break;
            default:
                Device.Post(() => Device.OnOrder(order));
                break;
        }
    }
}
