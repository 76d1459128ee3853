using System.Runtime.Serialization;

using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Protocol;

/// <summary>The product's own Akka configuration, without a cluster: which serializer stands where.</summary>
public sealed class AkkaSerializationTests : IDisposable
{
    private readonly ActorSystem system = ActorSystem.Create(
        "serialization", ConfigurationFactory.ParseString("akka.actor.provider = local").WithFallback(AkkaSettings.Client("127.0.0.1", null)));

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

    public void Dispose() => system.Terminate().GetAwaiter().GetResult();
}
