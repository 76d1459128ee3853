using System.Collections.Concurrent;

using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Parameters;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// The node's memory of its own recent state: the first level of two-level checkpointing (MoC). A thread of its own copies what a checkpoint needs out of the live tensors while
/// training goes on and hands it to the checkpoint writer. Of each part it keeps the newest version of the newest published checkpoint or before, and newer ones (CK-2); a
/// part is at most copied, written and kept at once, three buffers. The same thread makes the buffers, before they are needed. Thread-safe.
/// </summary>
internal sealed class SnapshotVault : IDisposable
{
    private readonly Dictionary<(UnitId Unit, int Expert), List<SnapshotPart>> kept = [];
    private readonly BlockingCollection<Action> queue = [];
    private readonly Action<UnitSnapshot> copied;
    private readonly Lock gate = new();
    private readonly List<UnitSnapshot> begun = [];
    private readonly Thread thread;
    private int reservation;

    /// <summary>Starts the vault.</summary>
    /// <param name="pinned">Buffers are page-locked, for a device that copies into them.</param>
    /// <param name="copied">Told of each unit when it is copied, from the vault's thread.</param>
    public SnapshotVault(bool pinned, Action<UnitSnapshot> copied)
    {
        this.copied = copied;
        Pool = new BufferPool(pinned);
        thread = new Thread(Loop) { IsBackground = true, Name = "vault" };
        thread.Start();
    }

    /// <summary>Where its buffers come from.</summary>
    public BufferPool Pool { get; }

    /// <summary>Bytes of all buffers, lent and waiting.</summary>
    public long Bytes => Pool.Bytes;

    /// <summary>
    /// The node's part of a run is known: the vault's thread decides what its snapshots will need and makes it, so that the compute thread neither waits for memory nor touches any for the first time.
    /// Where it fails, checkpoints make their buffers themselves. <paramref name="say"/> is told of either, on that thread.
    /// </summary>
    public void Reserve(Func<SnapshotReserve> decide, Action<string> say)
    {
        int mine = Interlocked.Increment(ref reservation);
        queue.Add(() =>
        {
            try
            {
                SnapshotReserve reserve = decide();
                lock (gate)
                {
                    if (mine != reservation)
                    {
                        // The run is over, or another epoch has asked again.
                        return;
                    }

                    Pool.Want(reserve.Buffers);
                }

                Pool.Fill();
                say($"{reserve.Bytes / 1e6:0} MB of buffers for snapshots are ready: {reserve.Reason}");
            }
            catch (Exception e)
            {
                say($"buffers for snapshots are not made ahead, the next checkpoints will stall for them: {e.Message}");
            }
        });
    }

    /// <summary>A unit is to be copied from <see cref="Go"/> on; the live tensors must not change before its job is finished.</summary>
    public void Begin(UnitSnapshot snapshot)
    {
        snapshot.Job.Open();
        lock (gate)
        {
            begun.Add(snapshot);
        }
    }

    /// <summary>
    /// Copies what was begun. Once for all units of a checkpoint: on a machine whose cores all compute, a thread that is woken may take the core of who wakes it for some milliseconds, and that would be stall.
    /// </summary>
    public void Go()
    {
        UnitSnapshot[] ready;
        lock (gate)
        {
            if (begun.Count == 0)
            {
                return;
            }

            ready = [.. begun];
            begun.Clear();
        }

        queue.Add(() => Array.ForEach(ready, Copy));
    }

    /// <summary>A checkpoint of <paramref name="step"/> is published: what is older than the newest of that step or before is let go.</summary>
    public void Committed(long step)
    {
        lock (gate)
        {
            foreach (List<SnapshotPart> versions in kept.Values)
            {
                int newest = versions.FindLastIndex(p => p.Version <= step);
                for (int i = newest - 1; i >= 0; i--)
                {
                    versions[i].Release();
                    versions.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>
    /// Recovery goes back to <paramref name="step"/>: newer snapshots are of a history that is no more (RC-1), and units that live elsewhere now are let go.
    /// </summary>
    public void GoBack(long step, Func<UnitId, bool> stays)
    {
        lock (gate)
        {
            foreach (((UnitId unit, _), List<SnapshotPart> versions) in kept)
            {
                foreach (SnapshotPart gone in versions.Where(p => p.Version > step || !stays(unit)).ToArray())
                {
                    gone.Release();
                    versions.Remove(gone);
                }
            }
        }
    }

    /// <summary>Puts the snapshot of <paramref name="version"/> back into the live unit, verified; returns why not, or null.</summary>
    public string? Restore(UnitState unit, int expert, long version)
    {
        SnapshotPart? part;
        lock (gate)
        {
            part = kept.GetValueOrDefault((unit.Id, expert))?.Find(p => p.Version == version)?.Hold();
        }

        if (part is null)
        {
            return $"no snapshot of step {version} is in memory";
        }

        try
        {
            if (part.Fault() is { } fault)
            {
                return $"the snapshot of step {version} in memory: {fault}";
            }

            foreach (string slot in part.Copied)
            {
                foreach ((UnitRange range, long offset) in part.Places)
                {
                    using Tensor live = unit.Slot(slot).narrow(0, range.UnitOffset, range.Count), held = part.Buffer(slot).narrow(0, offset, range.Count);
                    live.copy_(held);
                }
            }

            unit.Steps[expert] = part.StepCount;
            return null;
        }
        finally
        {
            part.Release();
        }
    }

    /// <summary>Whether the snapshot of <paramref name="version"/> is here.</summary>
    public bool Has(UnitId unit, int expert, long version)
    {
        lock (gate)
        {
            return kept.TryGetValue((unit, expert), out List<SnapshotPart>? versions) && versions.Exists(p => p.Version == version);
        }
    }

    /// <summary>An injected fault: the snapshots of an expert are gone. Returns the version of the newest; -1 when there was none.</summary>
    internal long Lose(UnitId unit, int expert)
    {
        lock (gate)
        {
            if (!kept.Remove((unit, expert), out List<SnapshotPart>? versions) || versions.Count == 0)
            {
                return -1;
            }

            long newest = versions[^1].Version;
            versions.ForEach(p => p.Release());
            return newest;
        }
    }

    /// <summary>Lets go of everything: the run is over.</summary>
    public void Clear()
    {
        Go();
        GoBack(-1, _ => false);
        lock (gate)
        {
            Interlocked.Increment(ref reservation);
            Pool.Trim();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear(); // ends a reservation under way
        queue.CompleteAdding();
        thread.Join();
        Clear();
    }

    /// <summary>A kept part, for tests that damage it.</summary>
    internal SnapshotPart? Find(UnitId unit, int expert)
    {
        lock (gate)
        {
            return kept.GetValueOrDefault((unit, expert))?.LastOrDefault();
        }
    }

    private void Loop()
    {
        foreach (Action work in queue.GetConsumingEnumerable())
        {
            work();
        }
    }

    private void Copy(UnitSnapshot snapshot)
    {
        snapshot.Job.Finish();
        snapshot.Check();
        HashSet<SnapshotPart> stored = [.. snapshot.Parts];
        lock (gate)
        {
            foreach (SnapshotPart part in snapshot.Kept)
            {
                if (!kept.TryGetValue((part.Unit, part.Expert), out List<SnapshotPart>? versions))
                {
                    kept.Add((part.Unit, part.Expert), versions = []);
                }

                versions.RemoveAll(p =>
                {
                    if (p.Version == part.Version)
                    {
                        p.Release();
                    }

                    return p.Version == part.Version;
                });
                versions.Add(part);
                versions.Sort((a, b) => a.Version.CompareTo(b.Version));
            }
        }

        foreach (SnapshotPart part in snapshot.Kept.Where(p => !stored.Contains(p)))
        {
            part.SealNow();
        }

        copied(snapshot);
    }
}
