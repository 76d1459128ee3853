using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing.Losses;

/// <summary>What losses count and sum: plain numbers of the choices, and means of probabilities weighted by them.</summary>
internal static class Counts
{
    /// <summary>First choices of each of n targets.</summary>
    public static int[] First(Choices choices, int targets)
    {
        int[] counts = new int[targets];
        for (int i = 0; i < choices.Count; i++)
        {
            counts[choices.Expert[i]] += i == 0 || choices.Token[i] != choices.Token[i - 1] ? 1 : 0;
        }

        return counts;
    }

    /// <summary>Σ_e w_e · mean_t p_te: an fp32 scalar in the graph, the caller's scope's.</summary>
    public static Tensor Weighted(Tensor probabilities, IEnumerable<double> perTarget)
    {
        long tokens = probabilities.size(0);
        float[] weights = [.. perTarget.Select(w => (float)(w / tokens))];
        return (probabilities.sum(0L) * tensor(weights, dtype: probabilities.dtype, device: probabilities.device)).sum();
    }

    /// <summary>Mean over the sequences of Σ_e w_se · mean_{t in s} p_te, likewise.</summary>
    /// <param name="probabilities">[t, N].</param>
    /// <param name="sequences">Sequences in the group.</param>
    /// <param name="perSequence">w, [sequence][target].</param>
    public static Tensor WeightedBySequence(Tensor probabilities, int sequences, double[][] perSequence)
    {
        long tokens = probabilities.size(0), targets = probabilities.size(1);
        float[] weights = [.. perSequence.SelectMany(s => s.Select(w => (float)(w / tokens)))]; // 1/T for the mean, 1/S over sequences
        Tensor sums = probabilities.view(sequences, tokens / sequences, targets).sum(1);
        return (sums * tensor(weights, dtype: probabilities.dtype, device: probabilities.device).view(sequences, targets)).sum();
    }

    /// <summary>Choices of each target in each sequence, [sequence][target].</summary>
    public static int[][] BySequence(Choices choices, int sequences, int targets)
    {
        int[][] counts = [.. Enumerable.Range(0, sequences).Select(_ => new int[targets])];
        int length = sequences == 0 ? 1 : choices.Tokens / sequences;
        for (int i = 0; i < choices.Count; i++)
        {
            counts[choices.Token[i] / length][choices.Expert[i]]++;
        }

        return counts;
    }

    /// <summary>How many sequences a group of t tokens has.</summary>
    public static int Sequences(Choices choices, RoutingGroup group) => group.SequenceLength < 1 ? 1 : Math.Max(1, choices.Tokens / group.SequenceLength);

    /// <summary>Squared coefficient of variation of [n], variance over n, or over n-1: in the graph, the caller's scope's.</summary>
    public static Tensor Variation(Tensor values, bool unbiased)
    {
        Tensor mean = values.mean();
        Tensor away = values - mean, variance = (away * away).sum() / tensor((double)(values.numel() - (unbiased ? 1 : 0)), dtype: values.dtype, device: values.device);
        return variance / (mean * mean);
    }
}
