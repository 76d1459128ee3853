using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// The training half of a bank's experts, by hand, no autograd graph: dh = dy Down, du = act'(u)·dh, dx = du Up; weight gradients
/// dUp += duᵀ x and dDown += dyᵀ h apart from it.
/// </summary>
internal static class ExpertBackward
{
    /// <summary>The rows' gradient dx and h, rebuilt; <see cref="KeptChunk.U"/> becomes its own gradient. All in the bank's row order, owned by the caller's scope.</summary>
    public static Tensor Rows(ExpertBank bank, KeptChunk chunk, Tensor dy, out Tensor h)
    {
        h = ExpertBank.New(chunk.Rows, bank.FeedForward, dy);
        Tensor dx = ExpertBank.New(chunk.Rows, bank.Hidden, dy);
        foreach (ExpertRows e in chunk.Rows.Experts)
        {
            ExpertWeights expert = bank[e.Expert];
            using Tensor dys = dy.narrow(0, e.OwnBegin, e.OwnCount), hs = h.narrow(0, e.OwnBegin, e.OwnCount), us = chunk.U.narrow(0, e.OwnBegin, e.OwnCount), dxs = dx.narrow(0, e.OwnBegin, e.OwnCount);
            hs.addmm_(dys, expert.Down.Value, 0, 1);
            Activation.Backward(bank.Style, us, expert.UpBias?.Value, hs);
            foreach (ExpertWeights.Block up in expert.Up)
            {
                using Tensor columns = us.narrow(1, up.Column, up.Width);
                dxs.addmm_(columns, up.Value, up.Column == 0 ? 0 : 1, 1);
            }
        }

        return dx;
    }

    /// <summary>Adds the weight gradients of a chunk whose rows' backward has run.</summary>
    /// <param name="bank">The experts.</param>
    /// <param name="chunk">What was kept.</param>
    /// <param name="flatGradient">[Total] fp32, or float64 with float64 weights; added to.</param>
    public static void Accumulate(ExpertBank bank, KeptChunk chunk, Tensor flatGradient)
    {
        foreach (ExpertRows e in chunk.Rows.Experts)
        {
            Accumulate(bank[e.Expert], chunk, flatGradient, e.OwnBegin, e.OwnCount);
        }
    }

    private static void Accumulate(ExpertWeights expert, KeptChunk chunk, Tensor flatGradient, long begin, long count)
    {
        using Tensor xs = chunk.X.narrow(0, begin, count), dus = chunk.U.narrow(0, begin, count), dys = chunk.Dy!.narrow(0, begin, count), hs = chunk.H!.narrow(0, begin, count);
        foreach (ExpertWeights.Block up in expert.Up)
        {
            using Tensor gradient = up.In(flatGradient), columns = dus.narrow(1, up.Column, up.Width);
            GradientSums.AddProduct(gradient, columns, xs);
        }

        using (Tensor gradient = expert.Down.In(flatGradient))
        {
            GradientSums.AddProduct(gradient, dys, hs);
        }

        if (expert.UpBias is { } upBias && expert.DownBias is { } downBias)
        {
            using Tensor up = upBias.In(flatGradient), down = downBias.In(flatGradient);
            GradientSums.AddColumnSums(up, dus);
            GradientSums.AddColumnSums(down, dys);
        }
    }
}
