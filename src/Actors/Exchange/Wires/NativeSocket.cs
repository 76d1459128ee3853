using System.Runtime.InteropServices;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>
/// The two system calls the managed socket does not offer: a write that gathers the header's buffer and tensor memory without arrays, and a read that does not wait.
/// Linux, 64 bit.
/// </summary>
internal static unsafe partial class NativeSocket
{
    internal const int DontWait = 0x40;
    internal const int WaitAll = 0x100;
    internal const int Interrupted = 4;
    internal const int WouldBlock = 11;
    private const int NoSignal = 0x4000;

    /// <summary>Writes what the kernel takes of head, then body. Bytes written, or -1 with the error number set.</summary>
    internal static long Send(int socket, byte* head, long headBytes, byte* body, long bodyBytes)
    {
        IoVector* vectors = stackalloc IoVector[2];
        vectors[0] = new IoVector { Base = head, Length = (nuint)headBytes };
        vectors[1] = new IoVector { Base = body, Length = (nuint)bodyBytes };
        MessageHeader message = new() { Vectors = headBytes > 0 ? vectors : vectors + 1, Count = (nuint)(headBytes > 0 && bodyBytes > 0 ? 2 : 1) };
        return SendMessage(socket, &message, NoSignal);
    }

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(int socket, byte* into, nuint bytes, int flags);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(int socket, MessageHeader* message, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct IoVector
    {
        internal byte* Base;
        internal nuint Length;
    }

    // struct msghdr
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        internal void* Name;
        internal uint NameLength;
        internal IoVector* Vectors;
        internal nuint Count;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }
}
