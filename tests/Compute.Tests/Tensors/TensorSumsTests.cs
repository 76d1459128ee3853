using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Tensors;

public sealed class TensorSumsTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void A_part_that_changes_is_noticed_and_the_others_are_not_blamed(ScalarType type)
    {
        using Tensor flat = ones(96, dtype: type);
        var sums = new TensorSums(flat, i => (i * 32, 32), 3);
        sums.Seal(0, 5);
        sums.Seal(1, 5);
        sums.Seal(2, 5);
        using Tensor value = flat.narrow(0, 40, 1);
        value.Fill(3);
        Assert.Equal([true, false, true], Enumerable.Range(0, 3).Select(i => sums.IsIntact(i, 5)));

        // Of another version nothing is known before it is sealed.
        Assert.True(sums.IsIntact(1, 6));
        value.Fill(4);
        sums.Keep(1, 7);
        Assert.False(sums.IsIntact(1, 7));
    }
}
