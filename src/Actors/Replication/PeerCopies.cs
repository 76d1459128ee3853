using System.Collections.Concurrent;

using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

using static TorchSharp.torch;

namespace MoeActors.Actors.Replication;

/// <summary>
/// Copies of other nodes' units in this node's memory (RC-1: the loss of a node costs at most the step in flight). A step is reported only when the gradients for all copies are here, so that once
/// it is decided every unit can be brought to it twice. The updates run on a thread of their own, beside training. Used on the compute thread only.
/// </summary>
internal sealed class PeerCopies : IDisposable
{
    private readonly ReplicaSet<PeerCopy> book = new();
    private readonly BlockingCollection<(PeerCopy Copy, Tensor? Gradient, DecidedUpdate Decided, TrainingSpec Training)> queue = [];
    private readonly List<(PeerCopy Copy, Tensor? Gradient, DecidedUpdate Decided, TrainingSpec Training)> held = [];
    private readonly ConcurrentQueue<PeerCopy> torn = new();
    private readonly Action<string> failed;
    private readonly Thread thread;
    private readonly object gate = new();
    private int busy;

    /// <summary>Starts the thread.</summary>
    /// <param name="failed">Told, from that thread, that an update failed in the middle.</param>
    public PeerCopies(Action<string> failed)
    {
        this.failed = failed;
        thread = new Thread(Loop) { IsBackground = true, Name = "peer-copies" };
        thread.Start();
    }

    /// <summary>All copies, those included that are held only for who comes for them.</summary>
    public IReadOnlyCollection<PeerCopy> All => book.All;

    /// <summary>Copies that this node is to hold and that are not of <paramref name="step"/>.</summary>
    public IEnumerable<PeerCopy> Missing(long step) => book.Missing(step);

    /// <summary>The copy of a unit; null when there is none.</summary>
    public PeerCopy? Find(int ordinal) => book.Find(ordinal);

    /// <summary>From now on these units are copied here: what is missing is created, empty. The others stay until <see cref="Settle"/>.</summary>
    public void Want(DeviceStore store, IEnumerable<int> ordinals) => book.Want(ordinals, ordinal =>
    {
        UnitId id = store.Order.Units[ordinal];
        (long begin, long count) = store.Order.ShardOf(id);
        return new PeerCopy(ordinal, id, store.Order.LayoutOf(id), begin, count, store.Device, store.Spec.GuardsState);
    });

    /// <summary>Brings what can be to the recovery point; gradients of the step that is computed again are dropped.</summary>
    public void RollTo(long target, DecidedUpdate? redo, TrainingSpec training)
    {
        Drain();
        foreach (PeerCopy copy in book.All.Where(c => RollForward.Misses(c.Step, c.HasGradient, target, redo)))
        {
            Enqueue(copy, redo!, training);
        }

        Drain();
        foreach (PeerCopy copy in book.All)
        {
            copy.DropGradient();
        }
    }

    /// <summary>A unit's reduced gradient of <paramref name="step"/>; takes ownership. False when no copy has a use for it.</summary>
    public bool Add(int ordinal, long step, Tensor? gradient)
    {
        if (book.Takes(ordinal, step) is { } copy && (gradient?.numel() ?? 0) == copy.Count)
        {
            copy.Keep(gradient);
            return true;
        }

        gradient?.Dispose();
        return false;
    }

    /// <summary>Whether every copy is of <paramref name="step"/> and its gradient of that step is here: decided, the step is held twice.</summary>
    public bool Cover(long step) => book.Cover(step);

    /// <summary>The step is decided: the copies follow from <see cref="Go"/> on, beside training; they count as of the next step at once.</summary>
    public void Apply(DecidedUpdate decided, TrainingSpec training)
    {
        foreach (PeerCopy copy in book.Wanted)
        {
            Enqueue(copy, decided, training);
        }
    }

    /// <summary>The node's own units are updated, and what a checkpoint copies of them is begun: nobody waits for this thread's share of the cores any more.</summary>
    public void Go()
    {
        held.ForEach(queue.Add);
        held.Clear();
    }

    /// <summary>What was held for others only is let go: the step after the recovery is decided.</summary>
    public void Settle()
    {
        if (book.All.Count > book.Wanted.Count())
        {
            Drain();
            book.Settle();
        }
    }

    /// <summary>Returns when all queued updates are carried out. A copy whose update failed counts as incomplete from then on.</summary>
    public void Drain()
    {
        Go();
        lock (gate)
        {
            while (busy > 0)
            {
                Monitor.Wait(gate);
            }
        }

        while (torn.TryDequeue(out PeerCopy? copy))
        {
            copy.Step = -1;
        }
    }

    /// <summary>Lets go of everything: the run is over.</summary>
    public void Clear()
    {
        Drain();
        book.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        queue.CompleteAdding();
        thread.Join();
        queue.Dispose();
    }

    private void Enqueue(PeerCopy copy, DecidedUpdate decided, TrainingSpec training)
    {
        lock (gate)
        {
            busy++;
        }

        held.Add((copy, copy.Advance(), decided, training));
    }

    private void Loop()
    {
        foreach ((PeerCopy copy, Tensor? gradient, DecidedUpdate decided, TrainingSpec training) in queue.GetConsumingEnumerable())
        {
            try
            {
                if (gradient is not null)
                {
                    UnitUpdate.Pass(copy.State, copy.Steps, gradient, decided, training);
                }
                else if (!decided.Skip)
                {
                    copy.Steps.Advance();
                }
            }
            catch (Exception e)
            {
                // Whatever it is: the copy is torn, the unit itself is not. A new epoch copies it anew.
                torn.Enqueue(copy);
                failed($"the update of the copy of {copy.Id} failed: {e.Message}");
            }

            gradient?.Dispose();
            lock (gate)
            {
                busy--;
                Monitor.PulseAll(gate);
            }
        }
    }
}
