using CsCheck;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Configuration;

public sealed class QuantitiesTests
{
    [Theory]
    [InlineData("20 us", 0.02)]
    [InlineData("1.5s", 1500)]
    [InlineData("10 min", 600000)]
    [InlineData("0 ms", 0)]
    [InlineData("2 h", 7200000)]
    public void A_duration_is_read(string text, double milliseconds)
    {
        Assert.True(Quantities.TryDuration(text, out TimeSpan time));
        Assert.Equal(milliseconds, time.TotalMilliseconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("ms")]
    [InlineData("-1 s")]
    [InlineData("1 S")]
    [InlineData("1.2.3 s")]
    [InlineData("99999999999999 h")]
    public void A_duration_without_sense_is_refused(string text) => Assert.False(Quantities.TryDuration(text, out _));

    [Theory]
    [InlineData("5 B", 5)]
    [InlineData("1.5 KiB", 1536)]
    [InlineData("1GiB", 1L << 30)]
    public void A_size_is_read(string text, long bytes)
    {
        Assert.True(Quantities.TrySize(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("1 KB")]
    [InlineData("1")]
    [InlineData("99999999999 TiB")]
    public void A_size_without_sense_is_refused(string text) => Assert.False(Quantities.TrySize(text, out _));

    [Theory]
    [InlineData("500 MiB/s", 500L << 20)]
    [InlineData("2GiB/s", 2L << 30)]
    public void A_bandwidth_is_read(string text, long bytes)
    {
        Assert.True(Quantities.TryBandwidth(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("2GiB")]
    [InlineData("2/s")]
    [InlineData("/s")]
    [InlineData("2GB/s")]
    public void A_bandwidth_without_sense_is_refused(string text) => Assert.False(Quantities.TryBandwidth(text, out _));

    [Fact]
    public void Edit_distance_is_a_metric() =>
        Gen.Select(Gen.String[Gen.Char['a', 'c'], 0, 6], Gen.String[Gen.Char['a', 'c'], 0, 6], Gen.String[Gen.Char['a', 'c'], 0, 6]).Sample(
            (a, b, c) => Suggestions.Distance(a, b) == Suggestions.Distance(b, a)
                && (Suggestions.Distance(a, b) == 0) == (a == b)
                && Suggestions.Distance(a, c) <= Suggestions.Distance(a, b) + Suggestions.Distance(b, c),
            iter: 2000);

    [Theory]
    [InlineData("host:7100", "host", 7100)]
    [InlineData("[::1]:80", "::1", 80)]
    public void An_address_is_read_and_written_back(string text, string host, int port)
    {
        Assert.True(NodeAddress.TryParse(text, out NodeAddress address));
        Assert.Equal(new NodeAddress(host, port), address);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("host")]
    [InlineData("host:")]
    [InlineData(":80")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("ho st:80")]
    public void An_address_without_sense_is_refused(string text) => Assert.False(NodeAddress.TryParse(text, out _));
}
