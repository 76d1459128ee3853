using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

public sealed class TensorMemoryTests
{
    [Fact]
    public void A_span_is_the_tensors_own_memory()
    {
        using Tensor t = zeros(2, 3, dtype: ScalarType.Float32);
        TensorMemory.Span<float>(t)[4] = 7;
        Assert.Equal(7, t[1, 1].item<float>());
        Assert.Equal(24, TensorMemory.ByteCount(t));
    }

    [Fact]
    public void A_view_of_a_narrowed_tensor_begins_at_its_first_element()
    {
        using Tensor t = Arithmetic.Range(10, ScalarType.Float32);
        using Tensor tail = t.narrow(0, 6, 4);
        Assert.Equal([6f, 7f, 8f, 9f], TensorMemory.Span<float>(tail).ToArray());
        Assert.Equal([7f, 8f], TensorMemory.Span<float>(tail, 1, 2).ToArray());
        Assert.Equal(BitConverter.GetBytes(9f), TensorMemory.Bytes(tail, 12, 4).ToArray());
    }

    [Fact]
    public void Bf16_elements_are_ushort()
    {
        using Tensor t = ones(5, dtype: ScalarType.BFloat16);
        Assert.All(TensorMemory.Span<ushort>(t).ToArray(), bits => Assert.Equal(0x3f80, bits));
    }

    [Fact]
    public void What_cannot_be_viewed_is_refused()
    {
        using Tensor t = zeros(4, 3);
        using Tensor turned = t.t();
        Assert.False(TensorMemory.CanView(turned));
        Assert.Throws<ArgumentException>(() => TensorMemory.Span<float>(turned));
        Assert.Throws<ArgumentException>(() => TensorMemory.Span<double>(t));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorMemory.Span<float>(t, 10, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorMemory.Bytes(t, -1, 2));
    }
}
