using MoeActors.Compute.Routing;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>One expert's rows: in the chunk as sent, and in the shard's own tensors, where they may be followed by rows of zeros.</summary>
/// <param name="Expert">Expert index in the layer.</param>
/// <param name="Begin">First row in the chunk.</param>
/// <param name="Count">Rows in the chunk.</param>
/// <param name="OwnBegin">First row in the shard's tensors.</param>
/// <param name="OwnCount">Rows in the shard's tensors, at least <paramref name="Count"/>.</param>
internal readonly record struct ExpertRows(int Expert, long Begin, long Count, long OwnBegin, long OwnCount);

/// <summary>
/// Where the rows of a chunk lie in the shard's tensors. oneDNN compiles a kernel for every new shape of a product (0.3–0.6 ms and about 200 KiB each,
/// at most 1024 kept), and routing makes new row counts all the time; so each expert's rows are rounded up to one of few counts and zeros fill the gap.
/// Zero rows of x and dy add exactly nothing to any gradient.
/// </summary>
internal sealed class ChunkRows
{
    private readonly List<ExpertRows> experts = [];

    /// <param name="segments">Rows by expert.</param>
    /// <param name="round">Whether to round row counts up.</param>
    public ChunkRows(IReadOnlyList<ExpertSegment> segments, bool round)
    {
        foreach (ExpertSegment segment in segments)
        {
            if (segment.Rows > 0)
            {
                long own = round ? RoundUp(segment.Rows) : segment.Rows;
                experts.Add(new ExpertRows(segment.Expert, Rows, segment.Rows, OwnRows, own));
                Rows += segment.Rows;
                OwnRows += own;
            }
        }
    }

    /// <summary>Experts with rows, ascending.</summary>
    public IReadOnlyList<ExpertRows> Experts => experts;

    /// <summary>Rows of the chunk.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows of the shard's tensors.</summary>
    public long OwnRows { get; private set; }

    /// <summary>About 100 counts up to 1024: steps of 4 below 128, of 8 below 256, then 16, from 2048 on 1/64 to 1/128.</summary>
    public static long RoundUp(long rows)
    {
        long octave = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)rows + 1) / 2; // the power of two at or below
        long step = rows < 256 ? Math.Max(4, octave / 16) : Math.Max(16, octave / 64);
        return (rows + step - 1) / step * step;
    }

    /// <summary>[Rows, d] → [OwnRows, d] with zeros in the gaps: the argument itself where there are none, else a new tensor in the current scope.</summary>
    public Tensor Spread(Tensor rows)
    {
        if (Rows == OwnRows)
        {
            return rows;
        }

        Tensor own = empty(OwnRows, rows.size(1), dtype: rows.dtype, device: rows.device);
        foreach (ExpertRows e in experts)
        {
            using Tensor from = rows.narrow(0, e.Begin, e.Count), to = own.narrow(0, e.OwnBegin, e.Count), gap = own.narrow(0, e.OwnBegin + e.Count, e.OwnCount - e.Count);
            to.copy_(from);
            gap.zero_();
        }

        return own;
    }

    /// <summary>The way back: [OwnRows, d] → [Rows, d].</summary>
    public Tensor Collect(Tensor own)
    {
        if (Rows == OwnRows)
        {
            return own;
        }

        Tensor rows = empty(Rows, own.size(1), dtype: own.dtype, device: own.device);
        foreach (ExpertRows e in experts)
        {
            using Tensor from = own.narrow(0, e.OwnBegin, e.Count), to = rows.narrow(0, e.Begin, e.Count);
            to.copy_(from);
        }

        return rows;
    }
}
