using System.Runtime.Serialization;

using CsCheck;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Protocol;

public sealed class RoundTripTests
{
    [Fact]
    public void The_table_knows_every_control_message_of_the_product()
    {
        Assert.Equal(MessageGen.Types.Select(t => t.Name), ControlFormats.Types.Select(t => t.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_message_comes_back_as_it_was()
    {
        foreach (Type type in ControlFormats.Types)
        {
            string code = ControlFormats.Of(type).Code;
            MessageGen.Of(type).Sample(
                message =>
                {
                    object back = ControlSerializer.Read(ControlSerializer.Write(message), code);
                    return back.GetType() == type && MessageGen.Content(back) == MessageGen.Content(message);
                },
                iter: 60);
        }
    }

    [Fact]
    public void Damaged_bytes_are_refused_or_read_as_a_message_and_nothing_else_is_thrown()
    {
        Type[] types = ControlFormats.Types.ToArray();
        Gen.Select(Gen.Int[0, types.Length - 1], Gen.Int, Gen.Select(Gen.Int[0, 4000], Gen.Byte).Array[1, 4], Gen.Int[0, 4000]).Sample(
            (which, seed, flips, cut) =>
            {
                Type type = types[which];
                byte[] bytes = ControlSerializer.Write(MessageGen.From(type, seed));
                foreach ((int at, byte value) in flips)
                {
                    bytes[at % bytes.Length] = value;
                }

                return IsMessageOrRefused(seed % 2 == 0 ? bytes : bytes[..(cut % bytes.Length)], ControlFormats.Of(type).Code);
            },
            iter: 20_000);
    }

    [Fact]
    public void Any_bytes_under_any_code_are_refused_or_read_as_a_message()
    {
        string[] codes = ControlFormats.Types.Select(t => ControlFormats.Of(t).Code).ToArray();
        Gen.Select(Gen.Int[0, codes.Length - 1], Gen.Byte.Array[0, 200]).Sample((which, bytes) => IsMessageOrRefused(bytes, codes[which]), iter: 20_000);
    }

    [Fact]
    public void A_message_with_one_byte_less_or_more_is_refused()
    {
        foreach (Type type in ControlFormats.Types)
        {
            string code = ControlFormats.Of(type).Code;
            byte[] bytes = ControlSerializer.Write(MessageGen.Fixed(type));
            Assert.Throws<SerializationException>(() => ControlSerializer.Read(bytes.AsMemory()[..^1], code));
            Assert.Throws<SerializationException>(() => ControlSerializer.Read((byte[])[.. bytes, 0xC0], code));
        }
    }

    [Fact]
    public void An_unknown_code_is_refused_and_named()
    {
        SerializationException e = Assert.Throws<SerializationException>(() => ControlSerializer.Read(new byte[] { 0xC0 }, "no-such-code"));
        Assert.Contains("unknown control message 'no-such-code'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_longer_than_any_that_the_product_sends_is_refused_before_memory_is_taken_for_it()
    {
        // The list's header is patched to claim 2^31 ranks.
        byte[] bytes = ControlSerializer.Write(new EvaluationReport(1, 2, "n", []));
        byte[] claim = [.. bytes[..^1], 0xDD, 0x7F, 0xFF, 0xFF, 0xFF];
        Assert.Throws<SerializationException>(() => ControlSerializer.Read(claim, "evaluated"));
    }

    private static bool IsMessageOrRefused(byte[] bytes, string code)
    {
        try
        {
            return ControlSerializer.Read(bytes, code) is IControlMessage;
        }
        catch (SerializationException)
        {
            return true;
        }
    }
}
