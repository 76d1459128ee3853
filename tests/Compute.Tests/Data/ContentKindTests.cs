using System.IO.Compression;
using System.Text;
using CsCheck;
using MoeActors.Compute.Data;

namespace MoeActors.Compute.Tests.Data;

public sealed class ContentKindTests
{
    [Theory]
    [InlineData("Plain ASCII\twith tabs\r\nand \f form feeds and \u001b[31mcolours\u001b[0m.")]
    [InlineData("Grüße, naïve café, 日本語, Ελληνικά, русский, 🙂")]
    [InlineData("\uFEFFWith a byte order mark")]
    [InlineData("a\u0001b\u0002 control characters in UTF-8 are odd, but text")]
    public void Text_in_utf_8_is_text(string text) => Assert.Null(ContentKind.Binary(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void A_character_cut_off_at_the_end_of_what_is_looked_at_is_no_sign_of_anything()
    {
        byte[] text = Encoding.UTF8.GetBytes("xé🙂" + string.Concat(Enumerable.Repeat("日本語🙂", 2000)));
        foreach (int begin in (int[])[0, 1, 3, 7])
        {
            Assert.Null(ContentKind.Binary(text.AsSpan(begin, ContentKind.SniffedBytes)));
        }
    }

    [Fact]
    public void Text_in_encodings_of_one_byte_is_text()
    {
        Assert.Null(ContentKind.Binary(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("Grüße aus Köln, à bientôt, señor.\n", 300))[..ContentKind.SniffedBytes])));
        Assert.Null(ContentKind.Binary(Encoding.Latin1.GetBytes("é")));

        // Shift-JIS and Windows-1251, which use most bytes from 0x80 on.
        Assert.Null(ContentKind.Binary([0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea, 0x0a, 0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]));
    }

    [Theory]
    [InlineData("1F8B0800", "gzip-compressed data")]
    [InlineData("255044462D312E37", "a PDF document")]
    [InlineData("504B0304", "a zip archive or an office document")]
    [InlineData("28B52FFD", "zstd-compressed data")]
    [InlineData("FD377A585A00", "xz-compressed data")]
    [InlineData("425A6839314159265359", "bzip2-compressed data")]
    [InlineData("89504E470D0A", "a PNG image")]
    [InlineData("FFD8FFE0", "a JPEG image")]
    [InlineData("50415231", "a Parquet file")]
    [InlineData("FFFE4100", "text in UTF-16")]
    [InlineData("7F454C46", "a program")]
    [InlineData("410042", "binary data")]
    public void What_is_no_text_is_called_by_its_name(string begin, string words) => Assert.Equal(words, ContentKind.Binary(Convert.FromHexString(begin)));

    [Fact]
    public void Packed_bytes_without_a_known_beginning_are_no_text() => Gen.Int[0, 1000].Sample(
        seed =>
        {
            var packed = new MemoryStream();
            using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal))
            {
                deflate.Write(Encoding.UTF8.GetBytes(Prose.Of(2000, seed)));
            }

            return ContentKind.Binary(packed.ToArray().AsSpan(0, 2048)) is not null;
        },
        iter: 50);
}
