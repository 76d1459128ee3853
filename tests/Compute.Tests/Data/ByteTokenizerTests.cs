using CsCheck;
using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

public class ByteTokenizerTests
{
    [Fact]
    public void Text_of_any_script_comes_back()
    {
        const string text = "Zoë, 東京 🙂\r\n\t\0 ﷽";
        IReadOnlyList<int> ids = ByteTokenizer.Instance.Encode(text);
        Assert.Equal(text, ByteTokenizer.Instance.Decode(ids));
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(text), ids.Count);
    }

    [Fact]
    public void Any_bytes_come_back() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        var ids = new List<int>();
        return ByteTokenizer.Instance.Encode(bytes, last: false, ids) == bytes.Length && ByteTokenizer.Instance.DecodeBytes(ids).AsSpan().SequenceEqual(bytes);
    }, iter: 200);

    [Theory]
    [InlineData(-1)]
    [InlineData(256)]
    public void An_id_that_is_no_byte_is_refused(int id) => Assert.Throws<ArgumentOutOfRangeException>(() => ByteTokenizer.Instance.Decode([id]));

    [Fact]
    public void The_hash_is_the_same_in_every_process() => Assert.Equal("5681b60454224ef05bc2256b492bda15", ByteTokenizer.Instance.Hash);
}
