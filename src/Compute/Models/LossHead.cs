using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Models;

/// <summary>
/// Output projection and cross-entropy in one: works through the rows in pieces and turns each piece's logits into their gradient at
/// once, so that [tokens, vocabulary] never exists as a whole. No autograd.
/// </summary>
internal static class LossHead
{
    // Most logits of one piece: 128 MiB in fp32. Part of the arithmetic (DT-1): it fixes how sums over rows are cut.
    private const long MaxLogits = 1L << 25;

    /// <summary>Sum of the cross-entropy in nats over hidden [t, d], targets int64 [t].</summary>
    public static double Loss(Tensor hidden, Tensor weight, Tensor targets)
    {
        using var off = no_grad();
        double sum = 0;
        foreach ((long first, long count) in Pieces(hidden.size(0), weight.size(0)))
        {
            using var scope = NewDisposeScope();
            sum += Forward(hidden.narrow(0, first, count), weight, targets.narrow(0, first, count)).Sum;
        }

        return sum;
    }

    /// <summary>
    /// As <see cref="Loss"/>, and the gradients of scale · sum: of hidden [t, d] and weight [V, d], in the compute dtype (the weight's in
    /// fp32 where several pieces are summed). The caller owns both.
    /// </summary>
    public static (double Sum, Tensor Hidden, Tensor Weight) LossAndGradients(Tensor hidden, Tensor weight, Tensor targets, double scale)
    {
        using var off = no_grad();
        Tensor hiddenGradient = empty_like(hidden).DetachFromDisposeScope();
        Tensor? weightGradient = null;
        double sum = 0;
        foreach ((long first, long count) in Pieces(hidden.size(0), weight.size(0)))
        {
            using var scope = NewDisposeScope();
            Tensor x = hidden.narrow(0, first, count), y = targets.narrow(0, first, count).unsqueeze(1);
            (double part, Tensor log) = Forward(x, weight, y.squeeze(1));
            sum += part;

            // d = scale · (softmax(logits) - onehot(target))
            Tensor d = log.exp_();
            d.scatter_add_(1, y, ones(y.shape, d.dtype, d.device).neg_());
            d = d.TimesInPlace(scale).to(hidden.dtype);
            hiddenGradient.narrow(0, first, count).copy_(mm(d, weight));
            Tensor piece = mm(d.t(), x);
            weightGradient = weightGradient is null ? piece.DetachFromDisposeScope() : Add(weightGradient, piece);
        }

        return (sum, hiddenGradient, weightGradient!);
    }

    /// <summary>Log probabilities [n, V] in fp32 (or the hidden dtype if wider) and their negative sum at the targets.</summary>
    private static (double Sum, Tensor Log) Forward(Tensor hidden, Tensor weight, Tensor targets)
    {
        Tensor logits = nn.functional.linear(hidden, weight);
        Tensor log = logits.log_softmax(1, logits.dtype == ScalarType.BFloat16 ? ScalarType.Float32 : logits.dtype);
        double sum = -log.gather(1, targets.unsqueeze(1)).to(ScalarType.Float64).sum().item<double>();
        return (sum, log);
    }

    private static Tensor Add(Tensor sum, Tensor piece)
    {
        if (sum.dtype != ScalarType.BFloat16)
        {
            return sum.PlusInPlace(piece);
        }

        Tensor wide = sum.to(ScalarType.Float32).PlusInPlace(piece).DetachFromDisposeScope();
        sum.Dispose();
        return wide;
    }

    private static IEnumerable<(long First, long Count)> Pieces(long rows, long vocabulary)
    {
        long each = Math.Clamp(MaxLogits / vocabulary, 1, rows);
        for (long first = 0; first < rows; first += each)
        {
            yield return (first, Math.Min(each, rows - first));
        }
    }
}
