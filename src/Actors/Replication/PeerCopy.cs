using MoeActors.Actors.State;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;

using static TorchSharp.torch;

namespace MoeActors.Actors.Replication;

/// <summary>
/// The copy of one unit of another node: master, m, v and step counts. It is sent once and then kept current by the unit's reduced gradients, through the same AdamW pass: bitwise the unit itself.
/// Owned by <see cref="PeerCopies"/>; the compute thread uses it, but for the updates that are queued.
/// </summary>
internal sealed class PeerCopy(int ordinal, UnitId id, ParameterLayout layout, long begin, long count, Device device, bool guarded) : IHeldCopy
{
    public int Ordinal => ordinal;

    public UnitId Id => id;

    /// <summary>Elements.</summary>
    public long Count => count;

    /// <summary>Master, m, v.</summary>
    public OptimizerShard State { get; } = OptimizerShard.Replica(layout, begin, count, device, guarded);

    /// <summary>Optimizer steps applied.</summary>
    public UnitSteps Steps { get; } = new();

    /// <summary>Completed steps its state is of once all queued updates are carried out; -1: incomplete or torn.</summary>
    public long Step { get; set; } = -1;

    /// <summary>Whether the reduced gradient of step <see cref="Step"/> is here.</summary>
    public bool HasGradient { get; private set; }

    private Tensor? gradient;

    /// <summary>The copy is not what it was: from now on it is of no step. Returns what to say.</summary>
    public StateAlteredException Altered(string what)
    {
        Step = -1;
        return new StateAlteredException($"copy of {Id}: {what}");
    }

    /// <summary>Takes the gradient of step <see cref="Step"/> over; null where the unit has no elements.</summary>
    public void Keep(Tensor? reduced)
    {
        DropGradient();
        (gradient, HasGradient) = (reduced, true);
    }

    /// <summary>Hands the gradient over to who applies it; the copy counts as one step further.</summary>
    public Tensor? Advance()
    {
        (Tensor? taken, gradient, HasGradient) = (gradient, null, false);
        Step++;
        return taken;
    }

    /// <summary>The gradient is of a step that is computed again.</summary>
    public void DropGradient()
    {
        gradient?.Dispose();
        (gradient, HasGradient) = (null, false);
    }

    public void Dispose()
    {
        DropGradient();
        State.Dispose();
    }
}
