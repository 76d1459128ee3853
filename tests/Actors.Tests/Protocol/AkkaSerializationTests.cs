using System.Runtime.Serialization;

using Akka.Actor;
using Akka.Serialization;

using MoeActors.Actors.Protocol;
using MoeActors.Actors.Tests.ControlPlane;

namespace MoeActors.Actors.Tests.Protocol;

/// <summary>The product's own Akka configuration, without a cluster: which serializer stands where.</summary>
public sealed class AkkaSerializationTests : IAsyncDisposable
{
    private readonly RemoteSystem remote = new();
    private readonly ActorSystem system;

    public AkkaSerializationTests() => system = remote.System;

    [Fact]
    public void Control_messages_have_their_serializer_and_manifest()
    {
        var message = new StopRun("because");
        var serializer = Assert.IsType<ControlSerializer>(system.Serialization.FindSerializerFor(message));
        Assert.Equal("stop", serializer.Manifest(message));
        Assert.Equal(message, serializer.FromBinary(serializer.ToBinary(message), "stop"));
    }

    [Fact]
    public void Any_other_object_is_refused_on_the_way_out()
    {
        Serializer serializer = system.Serialization.FindSerializerFor(new Uri("http://localhost"));
        Assert.IsType<RefusingSerializer>(serializer);
        SerializationException e = Assert.Throws<SerializationException>(() => serializer.ToBinary(new Uri("http://localhost")));
        Assert.Contains("System.Uri is no control message", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void JSON_that_names_a_type_is_refused_on_the_way_in()
    {
        byte[] gadget = System.Text.Encoding.UTF8.GetBytes("""{"$type":"System.IO.FileInfo, System.Private.CoreLib","fileName":"/etc/passwd"}""");
        Assert.ThrowsAny<SerializationException>(() => system.Serialization.Deserialize(gadget, 1, typeof(object)));
    }

    [Fact]
    public void A_code_that_the_table_does_not_hold_is_refused_on_the_way_in()
    {
        Assert.ThrowsAny<SerializationException>(() => system.Serialization.Deserialize([0xC0], 7301, "gadget"));
    }

    [Fact]
    public void What_deploys_actors_or_names_types_is_refused_both_ways()
    {
        foreach (int identifier in new[] { 1, 2, 3, 9, 15, 36 })
        {
            Assert.ThrowsAny<Exception>(() => system.Serialization.Deserialize([1, 2, 3], identifier, typeof(Uri).AssemblyQualifiedName!));
        }
    }

    [Theory]
    [InlineData("PP")]
    [InlineData("K")]
    [InlineData("SF")]
    [InlineData("RORRP")]
    [InlineData("CF")]
    [InlineData("anything")]
    public void Of_Akkas_miscellany_nothing_passes_that_ends_actors_or_creates_types(string manifest)
    {
        SerializationException e = Assert.ThrowsAny<SerializationException>(() => system.Serialization.Deserialize([], 16, manifest));
        Assert.Contains($"'{manifest}' is refused", (e.InnerException ?? e).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<SerializationException>(() => system.Serialization.FindSerializerFor(PoisonPill.Instance).ToBinary(PoisonPill.Instance));
    }

    [Fact]
    public void A_failure_does_not_carry_its_exception_to_another_process()
    {
        var failure = new Status.Failure(new InvalidOperationException("x"));
        Serializer serializer = system.Serialization.FindSerializerFor(failure);
        Assert.IsType<MiscGuard>(serializer);
        Assert.Throws<SerializationException>(() => serializer.ToBinary(failure));
    }

    [Fact]
    public void Of_Akkas_system_messages_only_death_watch_passes()
    {
        var end = new Akka.Dispatch.SysMsg.Terminate();
        Serializer serializer = system.Serialization.FindSerializerFor(end);
        Assert.IsType<SystemMessageGuard>(serializer);
        Assert.Throws<SerializationException>(() => serializer.ToBinary(end));
        Assert.ThrowsAny<SerializationException>(() => system.Serialization.Deserialize([], 22, typeof(Akka.Dispatch.SysMsg.Failed)));
    }

    public ValueTask DisposeAsync() => remote.DisposeAsync();
}
