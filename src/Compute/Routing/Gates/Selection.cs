using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Gates;

/// <summary>What gates need to choose on the processor and to weigh in the graph. Of equal scores the lower index wins, on every machine.</summary>
public static class Selection
{
    /// <summary>A copy of a table [t, n] for choosing by.</summary>
    public static float[] Values(Tensor table)
    {
        ArgumentNullException.ThrowIfNull(table);
        using DisposeScope scope = NewDisposeScope();
        return table.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>Indices of the <paramref name="k"/> highest, best first; one that is no number comes last.</summary>
    public static int[] Best(ReadOnlySpan<float> row, int k)
    {
        var best = new int[Math.Min(k, row.Length)];
        for (int n = 0; n < best.Length; n++)
        {
            int at = -1;
            for (int i = 0; i < row.Length; i++)
            {
                if (!best.AsSpan(0, n).Contains(i) && (at < 0 || row[i] > row[at] || (float.IsNaN(row[at]) && !float.IsNaN(row[i]))))
                {
                    at = i;
                }
            }

            best[n] = at;
        }

        return best;
    }

    /// <summary>The choices' entries of <paramref name="table"/> [t, n]: [c], in the graph. The caller's scope owns it.</summary>
    public static Tensor Pick(Tensor table, Choices choices)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(choices);
        long width = table.size(1);
        long[] at = new long[choices.Count];
        for (int i = 0; i < at.Length; i++)
        {
            at[i] = (choices.Token[i] * width) + choices.Expert[i];
        }

        return table.flatten().gather(0, tensor(at, device: table.device));
    }

    /// <summary>Weights [c] scaled so that those of each token sum to 1; a token whose sum is 0 keeps nothing. In the graph; the caller's scope owns it.</summary>
    public static Tensor PerToken(Tensor weights, Choices choices)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(choices);
        Tensor token = tensor(Array.ConvertAll(choices.Token, t => (long)t), device: weights.device);
        Tensor sums = zeros(choices.Tokens, weights.dtype, weights.device).scatter_add(0, token, weights);
        return weights / sums.gather(0, token).Plus(1e-20);
    }

    /// <summary>k choices of each token, best first, by a table of t rows.</summary>
    /// <param name="byScore">What is chosen by, t·n.</param>
    /// <param name="tokens">Tokens t.</param>
    /// <param name="k">Choices of each.</param>
    /// <param name="priority">What they are worth over capacity, t·n.</param>
    public static Choices TopK(float[] byScore, int tokens, int k, float[] priority)
    {
        ArgumentNullException.ThrowIfNull(byScore);
        ArgumentNullException.ThrowIfNull(priority);
        int width = tokens == 0 ? 0 : byScore.Length / tokens;
        int[] token = new int[tokens * k], expert = new int[token.Length];
        float[] worth = new float[token.Length];
        for (int t = 0, i = 0; t < tokens; t++)
        {
            foreach (int e in Best(byScore.AsSpan(t * width, width), k))
            {
                (token[i], expert[i], worth[i]) = (t, e, priority[(t * width) + e]);
                i++;
            }
        }

        return new Choices(tokens, token, expert, worth);
    }

    /// <summary>The choices that <paramref name="keep"/> says yes to.</summary>
    public static Choices Where(Choices choices, Func<int, bool> keep)
    {
        ArgumentNullException.ThrowIfNull(choices);
        ArgumentNullException.ThrowIfNull(keep);
        int[] kept = [.. Enumerable.Range(0, choices.Count).Where(keep)];
        return new Choices(choices.Tokens, [.. kept.Select(i => choices.Token[i])], [.. kept.Select(i => choices.Expert[i])], [.. kept.Select(i => choices.Priority[i])]);
    }
}
