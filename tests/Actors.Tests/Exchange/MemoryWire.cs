using MoeActors.Actors.Exchange;

namespace MoeActors.Actors.Tests.Exchange;

/// <summary>A wire that gives fixed bytes and swallows what is sent.</summary>
internal sealed class MemoryWire(byte[] bytes) : Wire
{
    private int at;

    internal override int Receive(Span<byte> into, bool all)
    {
        int take = Math.Min(into.Length, bytes.Length - at);
        bytes.AsSpan(at, take).CopyTo(into);
        at += take;
        return take;
    }

    internal override void Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
    }

    internal override void BeginFrames()
    {
    }

    internal override void Shutdown()
    {
    }

    public override void Dispose()
    {
    }
}
