using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.State;

using static TorchSharp.torch;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>Buffers of snapshots: made ahead, lent, taken back, freed.</summary>
public sealed class BufferPoolTests
{
    private static readonly BufferSize Large = new(100_000, ScalarType.Float32), Small = new(10, ScalarType.BFloat16);

    [Fact]
    public void What_is_wanted_is_there_when_it_is_asked_for_and_what_is_not_comes_late()
    {
        using var pool = new BufferPool(pinned: false);
        pool.Want(new Dictionary<BufferSize, int> { [Large] = 2, [Small] = 1 });
        pool.Fill();
        Assert.Equal((2 * Large.Bytes) + Small.Bytes, pool.Bytes);
        Tensor[] lent = [pool.Rent(Large.Count, Large.Type), pool.Rent(Large.Count, Large.Type), pool.Rent(Small.Count, Small.Type)];
        Assert.Equal(0, pool.Late);
        Tensor late = pool.Rent(Small.Count, Small.Type);
        Assert.Equal(1, pool.Late);
        Array.ForEach([.. lent, late], pool.Return);
    }

    [Fact]
    public void Lent_buffers_count_and_what_is_too_many_is_freed_when_it_is_back()
    {
        using var pool = new BufferPool(pinned: false);
        Tensor[] lent = [pool.Rent(Large.Count, Large.Type), pool.Rent(Large.Count, Large.Type)];
        pool.Want(new Dictionary<BufferSize, int> { [Large] = 1 });
        pool.Fill();
        Assert.Equal(2 * Large.Bytes, pool.Bytes);
        Array.ForEach(lent, pool.Return);
        pool.Want(new Dictionary<BufferSize, int> { [Large] = 1 });
        Assert.Equal(Large.Bytes, pool.Bytes);
        pool.Trim();
        Assert.Equal(0, pool.Bytes);
    }

    [Fact]
    public void Large_buffers_begin_at_a_page()
    {
        using var pool = new BufferPool(pinned: false);
        Tensor[] lent = [.. Enumerable.Range(0, 5).Select(i => pool.Rent(Large.Count + i, Large.Type))];
        Assert.All(lent, buffer => Assert.Equal(0, TensorAddress.Of(buffer) % 4096));
        Array.ForEach(lent, pool.Return);
    }
}
