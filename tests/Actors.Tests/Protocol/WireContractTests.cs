using System.IO.Hashing;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Protocol;

/// <summary>
/// The lock file holds, for each message: its code, its fields in wire order, and the hash of one fixed message's bytes. Another layout under
/// an old code would be read as something else by an older node: raise <see cref="ProtocolVersion.Current"/> and take the lines that the test leaves in control.lock.now, beside the copy it reads.
/// </summary>
public sealed class WireContractTests
{
    [Fact]
    public void The_wire_is_what_the_lock_file_says()
    {
        string[] now =
        [
            $"protocol {ProtocolVersion.Current}",
            .. ControlFormats.Types.OrderBy(t => ControlFormats.Of(t).Code, StringComparer.Ordinal).Select(Line),
        ];
        string file = Path.Combine(AppContext.BaseDirectory, "Protocol", "control.lock");
        File.WriteAllLines($"{file}.now", now);
        Assert.Equal(File.ReadAllLines(file), now);
    }

    private static string Line(Type type) =>
        $"{ControlFormats.Of(type).Code} {MessageGen.Shape(type)} {XxHash3.HashToUInt64(ControlSerializer.Write(MessageGen.Fixed(type))):x16}";
}
