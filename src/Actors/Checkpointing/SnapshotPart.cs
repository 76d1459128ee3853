using System.IO.Hashing;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// The copied state of one expert of a unit, or of a whole dense unit, at one step. Its buffers are the pool's; they go back when the last of those who hold the part (writer,
/// vault) has let go. Written by the copy, then read only. Thread-safe after that.
/// </summary>
internal sealed class SnapshotPart
{
    private readonly BufferPool pool;
    private readonly SnapshotLayout layout;
    private readonly Dictionary<string, Tensor> slots = [];
    private readonly List<Seal> seals = [];
    private readonly Dictionary<string, ulong?[]> expected = [];
    private int holders = 1;

    /// <summary>Checksum of elements [Begin, Begin + Count) of a slot's buffer.</summary>
    private sealed record Seal(string Slot, long Begin, long Count, string Checksum);

    public SnapshotPart(BufferPool pool, UnitId unit, int expert, IReadOnlyList<UnitRange> ranges, long version, long stepCount)
    {
        (this.pool, Unit, Expert, Ranges, Version, StepCount) = (pool, unit, expert, ranges, version, stepCount);
        layout = SnapshotLayout.Of(ranges);
    }

    public UnitId Unit { get; }

    /// <summary>Expert; -1 for a dense unit.</summary>
    public int Expert { get; }

    /// <summary>The parameters in it.</summary>
    public IReadOnlyList<UnitRange> Ranges { get; }

    /// <summary>Completed steps its state is of.</summary>
    public long Version { get; }

    /// <summary>Optimizer steps of that state.</summary>
    public long StepCount { get; }

    /// <summary>Elements of a buffer, gaps included.</summary>
    public long Count => layout.Count;

    /// <summary>The parameters, each with its first element in the buffers.</summary>
    public IEnumerable<(UnitRange Range, long Offset)> Places => Ranges.Zip(layout.Offsets);

    /// <summary>Whether master, m and v are all here: what a recovery can use.</summary>
    public bool Whole => slots.Count == 3;

    /// <summary>Slots copied.</summary>
    public IEnumerable<string> Copied => slots.Keys;

    /// <summary>Buffer of a slot, fp32 [Count].</summary>
    public Tensor Buffer(string slot) => slots[slot];

    /// <summary>Adds an empty buffer for a slot.</summary>
    public Tensor Add(string slot) => slots[slot] = pool.Rent(Count, ScalarType.Float32);

    /// <summary>Checksums that the copy of a slot must have, by parameter (<see cref="Ranges"/>): those of the update that wrote it; null where nothing is known.</summary>
    public void Expect(string slot, ulong?[] sums) => expected[slot] = sums;

    /// <summary>What was copied otherwise than the update wrote it, in words; null where nothing was. To be asked when it is copied: no altered state goes to storage under a right checksum.</summary>
    public string? Altered()
    {
        foreach ((string slot, ulong?[] sums) in expected)
        {
            foreach (((UnitRange range, long offset), ulong? sum) in Places.Zip(sums))
            {
                if (sum is { } known && known != TensorSums.Of(slots[slot], offset, range.Count))
                {
                    return $"{slot} of {range.Entry.Name} changed between its update and its snapshot";
                }
            }
        }

        return null;
    }

    /// <summary>One more holder.</summary>
    public SnapshotPart Hold()
    {
        Interlocked.Increment(ref holders);
        return this;
    }

    /// <summary>A holder lets go.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holders) == 0)
        {
            foreach (Tensor buffer in slots.Values)
            {
                pool.Return(buffer);
            }

            slots.Clear();
        }
    }

    /// <summary>The pieces to write of the given slots. Valid while held.</summary>
    public IEnumerable<ShardTensor> Pieces(Func<string, bool> saves)
    {
        foreach ((string slot, Tensor data) in slots.Where(s => saves(s.Key)))
        {
            nint start = TensorAddress.Of(data);
            foreach ((UnitRange range, long offset) in Places)
            {
                yield return new ShardTensor(
                    range.Entry.Name, slot, range.Entry.Layer, range.Entry.Expert, range.Entry.Shape, "F32", range.EntryBegin, range.Count,
                    start + (nint)(offset * sizeof(float)), range.Count * sizeof(float));
            }
        }
    }

    /// <summary>Takes the checksums that the writer formed of these very bytes.</summary>
    public void SealFrom(IEnumerable<CheckpointEntry> entries)
    {
        Dictionary<string, long> offsets = Places.ToDictionary(p => p.Range.Entry.Name, p => p.Offset);
        lock (seals)
        {
            foreach (CheckpointEntry e in entries.Where(e => e.Slot != Slots.Weights && offsets.ContainsKey(e.Tensor)))
            {
                seals.Add(new Seal(e.Slot, offsets[e.Tensor], e.Count, e.Checksum));
            }
        }
    }

    /// <summary>Forms the checksums of a part that no writer reads.</summary>
    public void SealNow()
    {
        lock (seals)
        {
            foreach ((string slot, Tensor data) in slots)
            {
                foreach ((UnitRange range, long offset) in Places)
                {
                    seals.Add(new Seal(slot, offset, range.Count, Hash(data, offset, range.Count)));
                }
            }
        }
    }

    /// <summary>The first slot that is not as it was copied; null when all is sound. A copy is never trusted blindly (CK-1).</summary>
    public string? Fault()
    {
        lock (seals)
        {
            return seals.Count < slots.Count * Ranges.Count
                ? "its checksums are missing"
                : seals.FirstOrDefault(s => Hash(slots[s.Slot], s.Begin, s.Count) != s.Checksum) is { } broken ? $"{broken.Slot} is altered" : null;
        }
    }

    private static unsafe string Hash(Tensor data, long begin, long count)
    {
        var hash = new XxHash128();
        byte* start = TensorMemory.BytePointer(data) + (begin * sizeof(float));
        for (long done = 0, bytes = count * sizeof(float); done < bytes; done += 1 << 20)
        {
            hash.Append(new ReadOnlySpan<byte>(start + done, (int)Math.Min(1 << 20, bytes - done)));
        }

        return Checksums.Finish(hash);
    }
}
