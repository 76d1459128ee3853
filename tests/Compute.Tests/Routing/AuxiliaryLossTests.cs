using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Routing;

public sealed class AuxiliaryLossTests
{
    [Fact]
    public void Balance_is_one_when_everything_is_uniform_and_N_when_one_expert_takes_all()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(1, BalanceLoss.Of(zeros(8, 4).Fill(0.25), [4, 4, 4, 4], 16).item<float>(), 5);
        Tensor one = zeros(8, 4);
        one.narrow(1, 2, 1).Fill(1);
        Assert.Equal(4, BalanceLoss.Of(one, [0, 0, 8, 0], 8).item<float>(), 5);
    }

    [Fact]
    public void Balance_follows_its_formula_and_its_gradient_is_N_f_over_t()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor p = nn.functional.softmax(Values.Normal(1, ScalarType.Float32, 6, 3), 1).detach().requires_grad_();
        int[] routed = [7, 3, 2];
        Tensor loss = BalanceLoss.Of(p, routed, 12);
        double expected = Enumerable.Range(0, 3).Sum(e => 3 * (routed[e] / 12.0) * p.detach().mean([0L])[e].item<float>());
        Assert.Equal(expected, loss.item<float>(), 5);
        loss.backward();
        Assert.Equal(3 * (7 / 12.0) / 6, p.grad![2, 0].item<float>(), 5);
    }

    [Fact]
    public void Router_z_is_the_mean_square_of_the_log_sum()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = tensor(new float[] { 0, 0, MathF.Log(6), MathF.Log(2) }).reshape(2, 2);
        double expected = (Math.Pow(Math.Log(2), 2) + Math.Pow(Math.Log(8), 2)) / 2;
        Assert.Equal(expected, new RouterZLoss().Of(new GateOutput(logits, logits, logits, new Choices(2, [], [], [])), null!, null!).item<float>(), 5);
    }
}
