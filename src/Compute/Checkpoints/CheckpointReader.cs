using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Checkpoints;

/// <summary>
/// Reads the tensors of one checkpoint into native memory, whatever tiling they were written in. Never hands out unverified bytes (CK-1): an entry is
/// hashed as a whole in the very pass that reads it. Thread-safe: ranges are read in parallel by calling from several threads.
/// Keeps files open until disposed. Throws <see cref="CheckpointException"/>.
/// </summary>
public sealed class CheckpointReader : IDisposable
{
    /// <summary>Bytes from which on starting threads costs less than it saves.</summary>
    private const long WorthThreads = 4 << 20;

    private readonly ShardFiles files;
    private readonly ICheckpointStorage storage;
    private readonly Dictionary<(string Tensor, string Slot), CheckpointEntry[]> pieces;

    /// <summary>Prepares reading; opens nothing yet.</summary>
    /// <param name="storage">Where the run's checkpoints lie.</param>
    /// <param name="manifest">The checkpoint.</param>
    public CheckpointReader(ICheckpointStorage storage, Manifest manifest)
    {
        this.storage = storage;
        Manifest = manifest;
        files = new ShardFiles(storage, manifest);
        pieces = manifest.Entries.GroupBy(e => (e.Tensor, e.Slot)).ToDictionary(g => g.Key, g => g.OrderBy(e => e.Begin).ToArray());
    }

    /// <summary>Prepares reading from a checkpoints folder.</summary>
    public CheckpointReader(string root, Manifest manifest)
        : this(new FolderStorage(root), manifest)
    {
    }

    /// <summary>The checkpoint.</summary>
    public Manifest Manifest { get; }

    /// <summary>All stored (tensor, slot) pairs, in ordinal order.</summary>
    public IReadOnlyList<(string Tensor, string Slot)> Tensors() =>
        [.. pieces.Keys.OrderBy(k => k.Tensor, StringComparer.Ordinal).ThenBy(k => k.Slot, StringComparer.Ordinal)];

    /// <summary>Whether the checkpoint holds <paramref name="slot"/> of <paramref name="tensor"/>.</summary>
    public bool Has(string tensor, string slot) => pieces.ContainsKey((tensor, slot));

    /// <summary>The entries of one tensor's slot, in element order. Their Shape and Dtype are the whole tensor's.</summary>
    public IReadOnlyList<CheckpointEntry> Pieces(string tensor, string slot) =>
        pieces.TryGetValue((tensor, slot), out CheckpointEntry[]? found) ? found : throw Absent(tensor, slot, "it is not in this checkpoint; the model is another or the checkpoint incomplete");

    /// <summary>
    /// Reads one entry to <paramref name="destination"/> (entry.Bytes bytes) and verifies it. When it throws, the destination is wiped, or was never touched.
    /// </summary>
    public void ReadInto(CheckpointEntry entry, nint destination) => Guard(() => files.Read(entry, destination));

    /// <summary>
    /// Reads elements [begin, begin + count) of the flattened tensor to <paramref name="destination"/> (count · element size bytes), from however many entries
    /// hold them. Reads straight to the destination where an entry lies within the range; of others it reads and verifies the whole and copies
    /// the part. When it throws, no unverified byte is left in the destination.
    /// </summary>
    public unsafe void ReadRange(string tensor, string slot, long begin, long count, nint destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(begin);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        IReadOnlyList<CheckpointEntry> entries = Pieces(tensor, slot);
        long next = begin, end = checked(begin + count);
        foreach (CheckpointEntry e in entries)
        {
            if (e.End <= begin || e.Begin >= end)
            {
                continue;
            }

            if (e.Begin > next || (e.Begin < next && e.Begin > begin))
            {
                break; // a gap or an overlap
            }

            long size = e.Bytes / e.Count, to = Math.Min(e.End, end);
            nint target = destination + (nint)((next - begin) * size);
            if (next == e.Begin && to == e.End)
            {
                ReadInto(e, target);
            }
            else
            {
                ReadPart(e, (next - e.Begin) * size, (to - next) * size, target);
            }

            next = to;
        }

        if (next < end)
        {
            throw Absent(tensor, slot, $"elements [{next}:{end}] are not in this checkpoint exactly once; its tensor has {ElementTypes.Count(entries[0].Shape)}");
        }
    }

    /// <summary>
    /// Reads many ranges as <see cref="ReadRange"/> does, several at once where they are worth threads. When it throws, no unverified byte is left in any destination.
    /// </summary>
    public void ReadRanges(IReadOnlyList<TensorRange> ranges)
    {
        // In the order of the files, so that the kernel reads ahead.
        TensorRange[] order = [.. ranges.OrderBy(r => First(r).File, StringComparer.Ordinal).ThenBy(r => First(r).Offset)];
        void Read(int i) => ReadRange(order[i].Tensor, order[i].Slot, order[i].Begin, order[i].Count, order[i].Destination);
        if (order.Sum(r => r.Count * First(r).Bytes / First(r).Count) >= WorthThreads)
        {
            ParallelReads.Run(order.Length, Read);
            return;
        }

        for (int i = 0; i < order.Length; i++)
        {
            Read(i);
        }
    }

    /// <summary>Passes a whole tensor's bytes in element order; verified only when it returns.</summary>
    internal void Stream(string tensor, string slot, Action<ReadOnlySpan<byte>> sink, CancellationToken cancellation)
    {
        long next = 0;
        IReadOnlyList<CheckpointEntry> entries = Pieces(tensor, slot);
        foreach (CheckpointEntry e in entries)
        {
            if (e.Begin != next)
            {
                break;
            }

            Guard(() => files.Stream(e, (bytes, _) => sink(bytes), cancellation));
            next = e.End;
        }

        if (next != ElementTypes.Count(entries[0].Shape))
        {
            throw Absent(tensor, slot, $"elements from {next} on are not in this checkpoint exactly once");
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => files.Dispose();

    // The entry its first element lies in, or the tensor's first where none does: ReadRange names that.
    private CheckpointEntry First(TensorRange range)
    {
        IReadOnlyList<CheckpointEntry> entries = Pieces(range.Tensor, range.Slot);
        return entries.FirstOrDefault(e => e.End > range.Begin) ?? entries[0];
    }

    private unsafe void ReadPart(CheckpointEntry entry, long from, long bytes, nint target)
    {
        try
        {
            Guard(() => files.Stream(entry, (piece, offset) =>
            {
                long first = Math.Max(from, offset), last = Math.Min(from + bytes, offset + piece.Length);
                if (first < last)
                {
                    piece[(int)(first - offset)..(int)(last - offset)].CopyTo(new Span<byte>((byte*)target + (first - from), (int)(last - first)));
                }
            }));
        }
        catch
        {
            System.Runtime.InteropServices.NativeMemory.Clear((void*)target, (nuint)bytes);
            throw;
        }
    }

    private CheckpointException Absent(string tensor, string slot, string what) =>
        new($"{CheckpointPaths.ManifestName(Manifest.Step)}: {tensor}@{slot}: {what}; {ManifestFormat.Remedy}");

    private void Guard(Action read)
    {
        try
        {
            read();
        }
        catch (ShardProblemException e)
        {
            throw new CheckpointException($"{storage.Describe(e.Message)}; {ManifestFormat.Remedy}", e);
        }
        catch (IOException e)
        {
            throw new CheckpointException($"{storage.Location}: {e.Message}; {ManifestFormat.Remedy}", e);
        }
    }
}
