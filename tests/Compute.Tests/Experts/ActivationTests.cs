using MoeActors.Compute.Experts;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

public sealed class ActivationTests
{
    [Theory]
    [InlineData(BlockStyle.Llama, ScalarType.Float32, 37, 1e-6)]
    [InlineData(BlockStyle.Gpt2, ScalarType.Float32, 37, 1e-6)]
    [InlineData(BlockStyle.Llama, ScalarType.BFloat16, 37, 5e-3)]
    [InlineData(BlockStyle.Gpt2, ScalarType.BFloat16, 37, 5e-3)]
    [InlineData(BlockStyle.Llama, ScalarType.Float64, 37, 1e-14)]
    [InlineData(BlockStyle.Gpt2, ScalarType.Float64, 37, 1e-14)]
    public void Forward_and_backward_agree_with_libtorch(BlockStyle style, ScalarType type, int f, double tolerance)
    {
        using DisposeScope scope = NewDisposeScope();
        int width = style == BlockStyle.Llama ? 2 * f : f;
        Tensor u = Values.Normal(1, ScalarType.Float64, 9, width).Times(3).to(type), dh = Values.Normal(2, type, 9, f);
        Tensor? bias = style == BlockStyle.Gpt2 ? Values.Normal(3, type, f) : null;

        Tensor wide = u.to(ScalarType.Float64, copy: true).requires_grad_();
        Tensor expected = style == BlockStyle.Llama
            ? nn.functional.silu(wide.narrow(1, 0, f)) * wide.narrow(1, f, f)
            : nn.functional.gelu(wide.Plus(bias!.to(ScalarType.Float64)));
        expected.backward(new[] { dh.to(ScalarType.Float64) });

        Tensor h = empty(9, f, dtype: type);
        Activation.Forward(style, u, bias, h);
        Values.Close(expected, h, tolerance);
        Activation.Backward(style, u, bias, dh);
        Values.Close(wide.grad!, u, tolerance);
        Values.Close(h, dh, type == ScalarType.Float64 ? 1e-14 : 0); // the vector loops rebuild it bit for bit
    }

    [Theory]
    [InlineData(BlockStyle.Llama)]
    [InlineData(BlockStyle.Gpt2)]
    public void What_is_not_a_number_stays_visible_and_large_values_stay_finite(BlockStyle style)
    {
        using DisposeScope scope = NewDisposeScope();
        int width = style == BlockStyle.Llama ? 32 : 16;
        Tensor u = ones(3, width), bias = zeros(16), h = empty(3, 16);
        u[0, 3] = float.NaN;
        u.narrow(0, 1, 1).Fill(1e4);
        u.narrow(0, 2, 1).Fill(-1e4);
        Activation.Forward(style, u, bias, h);
        Assert.True(float.IsNaN(h[0, 3].item<float>()));
        Assert.True(h.narrow(0, 1, 2).isfinite().all().item<bool>());
        Tensor dh = ones(3, 16);
        Activation.Backward(style, u, bias, dh);
        Assert.True(float.IsNaN(u[0, 3].item<float>()));
        Assert.True(u.narrow(0, 1, 2).isfinite().all().item<bool>());
    }
}
