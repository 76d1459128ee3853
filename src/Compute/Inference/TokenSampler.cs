using MoeActors.Compute.Tensors;

namespace MoeActors.Compute.Inference;

/// <summary>Draws a token from logits. Pure: the draw depends on the logits, the seed and the token's ordinal alone.</summary>
public static class TokenSampler
{
    /// <summary>Index drawn from softmax(logits / temperature) over the top-k logits; ties at the edge go to the lower index.</summary>
    /// <param name="logits">One for each id.</param>
    /// <param name="sampling">How it is drawn.</param>
    /// <param name="ordinal">Ordinal of the token in the text.</param>
    /// <param name="drawable">Which ids may be drawn, at least one; the others have no probability. Null: all.</param>
    public static int Draw(ReadOnlySpan<float> logits, SamplingSpec sampling, int ordinal, Func<int, bool>? drawable = null)
    {
        ArgumentNullException.ThrowIfNull(sampling);
        int[] order = [.. Enumerable.Range(0, logits.Length).Where(id => drawable?.Invoke(id) ?? true)];
        ArgumentOutOfRangeException.ThrowIfZero(order.Length, nameof(logits));
        float[] values = logits.ToArray();
        Array.Sort(order, (a, b) => values[b].CompareTo(values[a]) is not 0 and int c ? c : a.CompareTo(b));
        int kept = sampling.TopK > 0 ? Math.Min(sampling.TopK, order.Length) : order.Length;
        if (sampling.Temperature <= 0 || kept == 1)
        {
            return order[0];
        }

        double[] mass = new double[kept];
        double total = 0;
        for (int i = 0; i < kept; i++)
        {
            mass[i] = Math.Exp((values[order[i]] - values[order[0]]) / sampling.Temperature);
            total += mass[i];
        }

        double at = Uniform(sampling.Seed, ordinal) * total;
        for (int i = 0; i < kept; i++)
        {
            at -= mass[i];
            if (at < 0)
            {
                return order[i];
            }
        }

        return order[0];
    }

    // Of (seed, ordinal), 53 bits.
    private static double Uniform(long seed, int ordinal)
    {
        ulong z = SplitMix64.Finish((ulong)seed) + (((ulong)ordinal + 1) * SplitMix64.Increment);
        return (SplitMix64.Finish(z) >> 11) * (1.0 / (1UL << 53));
    }
}
