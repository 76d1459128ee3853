using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Copies of other nodes' units in a node's memory; which, and when they suffice, is the product's <see cref="ReplicaSet{T}"/>.</summary>
internal sealed class SimCopies(SimWorld world, SimProcess process)
{
    private readonly List<SimCopy> torn = [];

    public ReplicaSet<SimCopy> Book { get; } = new();

    /// <summary>The next update of a copy fails in the middle.</summary>
    public bool Doomed { get; set; }

    public bool Add(int ordinal, long step, ulong gradient)
    {
        SimCopy? copy = Book.Takes(ordinal, step);
        copy?.Keep(gradient);
        return copy is not null;
    }

    public void Apply(DecidedUpdate decided)
    {
        foreach (SimCopy copy in Book.Wanted)
        {
            Advance(copy, decided);
        }
    }

    public void RollTo(long target, DecidedUpdate? redo)
    {
        Drain();
        foreach (SimCopy copy in Book.All.Where(c => RollForward.Misses(c.Step, c.HasGradient, target, redo)))
        {
            Advance(copy, redo!);
        }

        Drain();
        foreach (SimCopy copy in Book.All)
        {
            copy.DropGradient();
        }
    }

    /// <summary>A copy whose update failed counts as incomplete from now on.</summary>
    public void Drain()
    {
        torn.ForEach(c => c.Step = -1);
        torn.Clear();
    }

    private void Advance(SimCopy copy, DecidedUpdate decided)
    {
        if (Doomed && !decided.Skip)
        {
            Doomed = false;
            copy.Content.Tear();
            copy.Advance();
            torn.Add(copy);
            world.Oracle.Torn(process, copy.Ordinal);
            process.Device.Post(() => process.Device.OnCopyFailed());
            return;
        }

        world.Seams.UpdateCopy(copy, decided);
        if (!torn.Contains(copy))
        {
            world.Oracle.Copied(process, copy);
        }
    }
}
