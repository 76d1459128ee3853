using MoeActors.Actors.Faults.Agent.Injectors;

namespace MoeActors.Actors.Tests.Faults;

/// <summary>Found by a random campaign (seed 2108): two nodes damaged the same file, and the second undid what the first had done.</summary>
public sealed class CorruptShardFileTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    public void A_file_that_is_damaged_twice_is_not_whole_again(byte value)
    {
        byte[] whole = [.. Enumerable.Repeat(value, 100)];
        File.WriteAllBytes(file, whole);
        CorruptShardFile.Damage(file);
        Assert.NotEqual(whole, File.ReadAllBytes(file));
        CorruptShardFile.Damage(file);
        Assert.NotEqual(whole, File.ReadAllBytes(file));
        Assert.Equal(whole.Length, File.ReadAllBytes(file).Length);
    }

    public void Dispose() => File.Delete(file);
}
