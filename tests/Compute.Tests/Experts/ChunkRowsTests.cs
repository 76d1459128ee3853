using CsCheck;
using MoeActors.Compute.Experts;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Tests.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Experts;

public sealed class ChunkRowsTests
{
    [Fact]
    public void Row_counts_are_rounded_up_a_little_to_few_counts()
    {
        for (long n = 1; n <= 5000; n++)
        {
            long own = ChunkRows.RoundUp(n);
            Assert.InRange(own, n, n + Math.Max(3, n / 15));
            Assert.Equal(own, ChunkRows.RoundUp(own));
        }

        Assert.InRange(Enumerable.Range(1, 1024).Select(n => ChunkRows.RoundUp(n)).Distinct().Count(), 1, 100);
    }

    [Fact]
    public void Spread_rows_come_back_as_they_were_and_the_gaps_are_zero() => Gen.Int[0, 30].Array[0, 4].Sample(
        counts =>
        {
            using DisposeScope scope = NewDisposeScope();
            var rows = new ChunkRows([.. counts.Select((n, e) => new ExpertSegment(e, n))], round: true);
            Tensor x = Values.Normal(1, ScalarType.Float32, counts.Sum(), 16);
            Tensor own = rows.Spread(x);
            Assert.Equal(rows.OwnRows, own.size(0));
            Assert.Equal(Values.Bytes(x), Values.Bytes(rows.Collect(own)));
            Assert.All(rows.Experts, e => Assert.Equal(Values.Bytes(x.narrow(0, e.Begin, e.Count)), Values.Bytes(own.narrow(0, e.OwnBegin, e.Count))));
            Assert.Equal(x.count_nonzero().item<long>(), own.count_nonzero().item<long>());
        },
        iter: 30,
        threads: 1);

    [Fact]
    public void Without_rounding_nothing_is_copied()
    {
        using Tensor x = Values.Normal(1, ScalarType.Float32, 5, 16);
        var rows = new ChunkRows([new ExpertSegment(0, 3), new ExpertSegment(1, 2)], round: false);
        Assert.Same(x, rows.Spread(x));
        Assert.Same(x, rows.Collect(x));
    }
}
