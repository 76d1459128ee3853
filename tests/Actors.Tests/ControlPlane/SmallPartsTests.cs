using CsCheck;

using MoeActors.Actors.ControlPlane;

namespace MoeActors.Actors.Tests.ControlPlane;

public sealed class SmallPartsTests
{
    [Fact]
    public void A_length_comes_back_as_it_was_written_and_none_beyond_the_limit_is_taken() => Gen.UInt.Sample(value =>
    {
        byte[] header = BitConverter.GetBytes(value);
        return ControlFrames.ReadLength(header) == (value is > 0 and <= ControlFrames.MaxPayload ? (int)value : null);
    });

    [Fact]
    public void A_greeting_of_another_protocol_or_version_is_refused_in_words()
    {
        byte[] greeting = new byte[ControlFrames.GreetingBytes];
        ControlFrames.WriteGreeting(greeting);
        Assert.Null(ControlFrames.CheckGreeting(greeting));
        greeting[4]++;
        Assert.Contains("version 2 of the control plane's framing", ControlFrames.CheckGreeting(greeting), StringComparison.Ordinal);
        greeting[0]++;
        Assert.Contains("does not speak", ControlFrames.CheckGreeting(greeting), StringComparison.Ordinal);
    }

    [Fact]
    public void Refusals_write_one_line_in_ten_seconds_and_count_the_others()
    {
        long time = 0;
        List<string> lines = [];
        var log = new RefusalLog(lines.Add, () => time);
        log.Add("a");
        log.Add("b");
        log.Add("c");
        time = 9_999;
        log.Add("d");
        time = 10_000;
        log.Add("e");
        time = 30_000;
        log.Add("f");
        Assert.Equal(["a", "e (and 3 more since the last such line)", "f"], lines);
    }
}
