using MoeActors.Actors.Exchange;
using MoeActors.Actors.State;
using MoeActors.Compute.Optimization;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>
/// Reduce-scatter of one unit's gradient among its participants, without a collective: every participant sends each other one the range
/// that one owns, and sums its own range in participant order when all have come (DT-1: whatever the arrival order). Not thread-safe.
/// </summary>
internal sealed class GradientExchange : IDisposable
{
    private readonly Tensor?[] pieces;
    private readonly int self;
    private int missing;

    public GradientExchange(int participants, int self)
    {
        pieces = new Tensor?[participants];
        this.self = self;
        missing = participants;
    }

    /// <summary>Whether all participants' pieces are in.</summary>
    public bool IsComplete => missing == 0;

    /// <summary>Sends the others their ranges; this participant's own range is kept as its own piece.</summary>
    public void Send(UnitState unit, IExchange exchange, Func<int, FrameHeader> frameTo)
    {
        for (int other = 0; other < pieces.Length; other++)
        {
            (long begin, long count) = unit.Layout.Shard(other, pieces.Length);
            Tensor piece = unit.Gradient.narrow(0, begin, count);
            if (other == self)
            {
                Add(self, piece);
            }
            else
            {
                using Tensor flat = piece;
                exchange.Send(frameTo(other), [], flat.view(1, count));
            }
        }
    }

    /// <summary>A participant's piece of this unit's range; takes ownership.</summary>
    public void Add(int participant, Tensor? piece)
    {
        if (pieces[participant] is not null)
        {
            piece?.Dispose();
            throw new InvalidOperationException($"ST-2: the gradient piece of participant {participant} came twice");
        }

        pieces[participant] = piece ?? empty(0L, dtype: ScalarType.Float32);
        missing--;
    }

    /// <summary>Sums the pieces in participant order; the caller owns the result, fp32 [Count]; with one participant it is a view of the gradient.</summary>
    public Tensor Sum(long count)
    {
        if (pieces is [{ } only])
        {
            pieces[0] = null;
            return only;
        }

        Tensor sum = empty(count, dtype: ScalarType.Float32, device: pieces[self]!.device);
        Tensor[] inputs = pieces.Select(p => p!.flatten()).ToArray();
        Reduction.Sum(inputs, sum);
        foreach (Tensor input in inputs)
        {
            input.Dispose();
        }

        Dispose();
        return sum;
    }

    public void Dispose()
    {
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i]?.Dispose();
            pieces[i] = null;
        }
    }
}
